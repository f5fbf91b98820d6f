"""
Wait until a DataCube cannot change any more: one loop for triggerer and worker.

It reads, then watches from what was read, so that no change falls between the two. A watch may end
at any moment (a timeout, a rolling API server, 410 Gone, a dropped connection): that says nothing
about the DataCube, so it is read again. It knows two verbs and no client, and what a status means
it asks ``datacube_api``; it can be given a shared watch instead of one of its own.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from datacube_api.errors import (
    DataCubeForbiddenError,
    DataCubeGoneError,
    DataCubeNotFoundError,
    DataCubeTimeoutError,
    DataCubeUnavailableError,
)
from datacube_api.status import Outcome, evaluate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from datacube_api.reference import CubeRef

Cube: TypeAlias = dict[str, Any]

# A watch that lived this long was a good one: what comes next is not held against it.
_GOOD_WATCH_S = 5.0


class Watched(Protocol):
    """The two verbs that waiting needs."""

    async def read(self, ref: CubeRef) -> Cube:
        """Return the object as it is now."""

    def watch(self, ref: CubeRef, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """Yield (``ADDED``/``MODIFIED``/``DELETED``, object) until the stream ends."""


Connect: TypeAlias = "Callable[[], AbstractAsyncContextManager[Watched]]"


class Log(Protocol):
    """What is needed of a logger, Airflow's included."""

    def info(self, msg: str, /, *args: Any) -> Any:
        """Say what happened."""

    def warning(self, msg: str, /, *args: Any) -> Any:
        """Say what somebody may have to look at."""


@dataclass(frozen=True)
class Pace:
    """How often to ask: polls where watching is forbidden, and growing pauses after faults."""

    poll_interval_s: float = 5.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0

    def pause_s(self, faults: int) -> float:
        """Return the pause after so many faults in a row; never twice the same, all wait apart."""
        longest = min(self.first_pause_s * 2.0 ** min(faults, 16), self.longest_pause_s)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


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

    def left_s(self) -> float | None:
        """Return the seconds that are left; None where there is no limit."""
        if self.deadline is None:
            return None
        left = self.deadline - time.time()
        return left if left > 0 else self.last_look_s


async def wait_until_terminal(
    connect: Connect, ref: CubeRef, *, pace: Pace, limit: Limit, log: Log
) -> Cube:
    """
    Return the DataCube once it cannot change any more.

    Faults that pass (429, 5xx, no answer) are waited out. A 401 gets one new connection, since
    credentials expire and are renewed.

    :raises DataCubeGoneError: it was deleted, or its name now belongs to another DataCube.
    :raises DataCubeTimeoutError: the limit has passed.
    :raises DataCubeForbiddenError: it may not be read.
    """
    alarm = asyncio.timeout(limit.left_s())
    try:
        async with alarm:
            return await _Wait(connect, ref, pace, log).run()
    except TimeoutError:
        if alarm.expired():
            raise DataCubeTimeoutError(ref, limit.timeout_s) from None
        raise


class _Wait:
    """One wait: what was seen last, and how well the connection has been doing."""

    def __init__(self, connect: Connect, ref: CubeRef, pace: Pace, log: Log) -> None:
        self.connect, self.ref, self.pace, self.log = connect, ref, pace, log
        self.seen: Outcome | None = None
        self.faults = 0
        self.may_watch = True
        self.was_refused = False

    async def run(self) -> Cube:
        while True:
            try:
                async with self.connect() as cubes:
                    return await self._follow(cubes)
            except DataCubeUnavailableError as error:
                self.log.warning("%s; trying again", error)
                await self._pause()
            except DataCubeForbiddenError as error:
                if error.status != HTTPStatus.UNAUTHORIZED or self.was_refused:
                    raise
                self.was_refused = True
                self.log.info("%s; connecting anew", error)

    async def _follow(self, cubes: Watched) -> Cube:
        while True:
            cube = await self._read(cubes)
            if self._look(cube).phase.is_terminal:
                return cube
            self.was_refused = False
            if not self.may_watch:
                self.faults = 0
                await asyncio.sleep(self.pace.poll_interval_s)
                continue
            if ended := await self._watch(cubes, cube["metadata"]["resourceVersion"]):
                return ended
            await self._pause()

    async def _read(self, cubes: Watched) -> Cube:
        try:
            return await cubes.read(self.ref)
        except DataCubeNotFoundError as error:
            raise DataCubeGoneError(self.ref) from error

    async def _watch(self, cubes: Watched, since: str) -> Cube | None:
        """Return the DataCube if it ended within this one watch."""
        began = time.monotonic()
        try:
            async with aclosing(cubes.watch(self.ref, since)) as events:
                async for kind, cube in events:
                    if self._look(cube).phase.is_terminal:
                        return cube
                    if kind == "DELETED":
                        raise DataCubeGoneError(self.ref)
        except DataCubeForbiddenError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            self.may_watch = False
            self.log.warning("%s; reading every %s seconds", error, self.pace.poll_interval_s)
        finally:
            if time.monotonic() - began >= _GOOD_WATCH_S:
                self.faults = 0
        return None

    def _look(self, cube: Cube) -> Outcome:
        if not self.ref.is_identity_of(cube):
            raise DataCubeGoneError(self.ref)
        outcome = evaluate(cube.get("status"))
        if outcome != self.seen:
            why = ": ".join(filter(None, (outcome.reason, outcome.message)))
            self.log.info("DataCube %s: %s%s", self.ref, outcome.phase, f" ({why})" if why else "")
        self.seen = outcome
        return outcome

    async def _pause(self) -> None:
        await asyncio.sleep(self.pace.pause_s(self.faults))
        self.faults += 1
