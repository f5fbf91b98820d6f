"""
Wait until one DataCube cannot change any more: what a worker does, which waits for nothing else.

It reads, then watches from what was read, so that no change falls between the two; whoever has just
made the DataCube knows it already, and need not read it. A watch may end at any moment (a timeout,
a rolling API server, 410 Gone, a dropped connection): that says nothing about the DataCube, so it
is read again. It knows two verbs and no client; what a status means it asks ``datacube_api``, and
which faults pass ``_faults``. Where many wait in one process, ``_shared_watch`` does the same for
all of them at once.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from airflow_provider_datacube._faults import Faults, persist, spread
from airflow_provider_datacube._following import Followed, Follower, LogSource, PodLogs, nobody
from airflow_provider_datacube._refusals import ResourceUnknownError
from airflow_provider_datacube._telling import mark, tell
from datacube_api.errors import (
    DataCubeForbiddenError,
    DataCubeGoneError,
    DataCubeNotFoundError,
    DataCubeTimeoutError,
)
from datacube_api.status import Outcome, evaluate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from airflow_provider_datacube._telling import Log
    from datacube_api.reference import CubeRef

Cube: TypeAlias = dict[str, Any]


class Watched(LogSource, Protocol):
    """The verbs that waiting needs: two, and one for the log."""

    async def read(self, ref: CubeRef) -> Cube:
        """Return the object as it is now."""

    def watch(self, ref: CubeRef, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """Yield (``ADDED``/``MODIFIED``/``DELETED``, object) until the stream ends."""


Connect: TypeAlias = "Callable[[], AbstractAsyncContextManager[Watched]]"


@dataclass(frozen=True)
class Pace:
    """
    How often to ask: polls where watching is forbidden, and growing pauses after faults.

    ``grace_s``: for so long a refusal of what worked before is put down to a server that starts.
    ``good_watch_s``: a watch that lived so long was a good one, and its end is no fault.
    ``lag_s``: a watch tells a change at most so long after a read may show it; further behind, an
    API server does not even read from its cache.

    Source: kube-apiserver's watch cache, ``blockTimeout``.
    """

    poll_interval_s: float = 5.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0
    grace_s: float = 60.0
    good_watch_s: float = 5.0
    lag_s: float = 3.0

    def pause_s(self, faults: int) -> float:
        """Return the pause after so many faults in a row."""
        return spread(min(self.first_pause_s * 2.0 ** min(faults, 16), self.longest_pause_s))


@dataclass(frozen=True)
class Limit:
    """
    When to give up: ``deadline`` in seconds since the epoch, ``timeout_s`` for the message.

    A wait that begins after its deadline (no triggerer was running) has ``last_look_s`` to look
    once: what has ended in time counts, whenever it is seen.
    """

    deadline: float | None = None
    timeout_s: float = 0.0
    last_look_s: float = 10.0

    @classmethod
    def after(cls, *timeouts_s: float | None) -> Limit:
        """Return the limit that the shortest of these sets from now on; None sets none."""
        if not (known := [timeout for timeout in timeouts_s if timeout is not None]):
            return cls()
        return cls(time.time() + min(known), min(known))

    def left_s(self) -> float | None:
        """Return the seconds that are left; None where there is no limit."""
        if self.deadline is None:
            return None
        left = self.deadline - time.time()
        return left if left > 0 else self.last_look_s


@asynccontextmanager
async def within(limit: Limit, ref: CubeRef) -> AsyncIterator[asyncio.Timeout]:
    """
    Give up what is done inside when the limit has passed, unless that is put off.

    :raises DataCubeTimeoutError: it has.
    """
    alarm = asyncio.timeout(limit.left_s())
    try:
        async with alarm:
            yield alarm
    except TimeoutError:
        if alarm.expired():
            raise DataCubeTimeoutError(ref, limit.timeout_s) from None
        raise


async def wait_until_terminal(  # noqa: PLR0913 - of the wait, and of what is waited for
    connect: Connect,
    ref: CubeRef,
    *,
    pace: Pace,
    limit: Limit,
    log: Log,
    known: Cube | None = None,
    logging_interval_s: float = 0,
    followed: Followed = nobody,
) -> Cube:
    """
    Return the DataCube once it cannot change any more.

    ``known`` is a state of it that was read before: what happened since then is heard, also that it
    was deleted, and in which pod it ran. With a ``logging_interval_s`` the pod's log is shown, and
    ``followed`` is told the pod whose log was shown to its end.

    :raises DataCubeGoneError: it was deleted, or its name now belongs to another DataCube.
    :raises DataCubeTimeoutError: the limit has passed.
    :raises DataCubeApiError: it may not be read, or another fault that will not pass.
    """
    async with within(limit, ref) as alarm:
        # Whoever names the uid got it from the API server, if in another process.
        wait = _Wait(ref, Faults(pace, log, has_worked=bool(ref.uid)), known)
        if not logging_interval_s:
            return await persist(connect, wait.follow, wait.faults)
        logs = PodLogs()
        wait.follower = logs.join(ref, logging_interval_s, log, contextvars.copy_context())
        follow = partial(_follow_with_log, wait, logs, alarm, followed)
        return await persist(connect, follow, wait.faults)


async def _follow_with_log(
    wait: _Wait,
    logs: PodLogs,
    alarm: asyncio.Timeout,
    followed: Followed,
    cubes: Watched,
) -> Cube:
    async with logs.reading(cubes):
        cube = await wait.follow(cubes)
        if wait.follower is not None and not alarm.expired():
            alarm.reschedule(None)  # what has ended in time has, however long its log takes
            followed(await logs.finish(wait.follower))
        return cube


class _Wait:
    """One wait: what was seen last, and how well the connection has been doing."""

    def __init__(self, ref: CubeRef, faults: Faults, known: Cube | None) -> None:
        self.ref, self.faults, self.known = ref, faults, known
        self.seen = 0
        self.may_watch = True
        self.follower: Follower | None = None

    async def follow(self, cubes: Watched) -> Cube:
        while True:
            cube, self.known = self.known or await self._read(cubes), None
            if self._look(cube).phase.is_terminal:
                return cube
            self.faults.works()
            if not self.may_watch:
                self.faults.forget()
                await asyncio.sleep(self.faults.pace.poll_interval_s)
                continue
            if ended := await self._watch(cubes, cube["metadata"]["resourceVersion"]):
                return ended
            await self.faults.pause()

    async def _read(self, cubes: Watched) -> Cube:
        try:
            return await cubes.read(self.ref)
        except ResourceUnknownError:
            raise
        except DataCubeNotFoundError as error:
            raise DataCubeGoneError(self.ref) from error

    async def _watch(self, cubes: Watched, since: str) -> Cube | None:
        """Return the DataCube if it ended within this one watch."""
        began = time.monotonic()
        try:
            async with aclosing(cubes.watch(self.ref, since)) as events:
                async for kind, cube in events:
                    outcome = self._look(cube)
                    if outcome.phase.is_terminal:
                        return cube
                    if kind == "DELETED":
                        raise DataCubeGoneError(self.ref, outcome.pod)
        except DataCubeForbiddenError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            self.may_watch = False
            self.faults.cannot_watch(error)
        finally:
            self.faults.watch_lived(time.monotonic() - began)
        return None

    def _look(self, cube: Cube) -> Outcome:
        if not self.ref.is_identity_of(cube):
            raise DataCubeGoneError(self.ref)
        outcome = evaluate(cube.get("status"))
        if self.seen != (seen := mark(outcome)):
            self.seen = seen
            tell(self.faults.log, self.ref, outcome)
        if self.follower is not None:
            self.follower.saw(outcome)
        return outcome
