"""
The log of a DataCube's pod in the log of its task, while it runs.

Everybody who waits over one connection and in one namespace shares one reader, which takes them by
turns over the connection of their watch: a request per task and interval at most, and only while
its pod runs by the DataCube's status; one more at the end. All of them together get so many
requests a second and no more: beyond that the intervals grow. Whoever wants no log costs nothing.

Nothing that goes wrong with a log ends, delays or changes a wait. Which lines are new, ``_logtail``
knows.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import random
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from airflow_provider_datacube._logtail import LogTail, readable
from airflow_provider_datacube._mends import KUBERNETES
from datacube_api.errors import (
    DataCubeApiError,
    DataCubeForbiddenError,
    DataCubeNotFoundError,
)
from datacube_api.status import Phase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from airflow_provider_datacube._telling import Log
    from datacube_api.reference import CubeRef
    from datacube_api.status import Outcome

_SIDE_BY_SIDE: Final = 4
_MOST_A_SECOND: Final = 5
_ANSWER_S: Final = 5.0
_LAST_ANSWER_S: Final = 2.0
# Of the interval: when a pod that has just started is looked at for the first time.
_FIRST: Final = (0.1, 0.2)
# Words of a pod that has no log yet; trouble before the start has its own line in a task's log.
_NOT_STARTED: Final = frozenset({"Pending", "ContainerCreating", "PodInitializing", *KUBERNETES})


Followed: TypeAlias = "Callable[[str], object]"
"""Who is told the pod whose log was shown to its end; nothing where there was none."""


def nobody(_: str) -> None:
    """Take no note of it."""


class LogSource(Protocol):
    """The one verb that is needed."""

    async def log(self, namespace: str, pod: str, since: str = "") -> str:
        """Return a bounded piece of a pod's log from a second on, each line after its time."""


class Follower:
    """One task that wants to see its pods' logs, with no more than that takes."""

    __slots__ = (
        "_context", "_is_refused", "_log", "_room", "interval_s", "is_due", "read_whole", "ref",
        "tail",
    )  # fmt: skip

    def __init__(
        self,
        room: PodLogs,
        ref: CubeRef,
        interval_s: float,
        log: Log,
        context: contextvars.Context,
    ) -> None:
        self.ref, self.interval_s, self.tail = ref, interval_s, LogTail()
        self.is_due = False
        self.read_whole = ""  # the pod whose log has been shown to its end
        self._is_refused = False
        self._room, self._log, self._context = room, log, context

    def saw(self, outcome: Outcome) -> None:
        """Take note of how the DataCube is: whether there is a log, and in which pod."""
        if outcome.pod and outcome.phase is not Phase.PENDING:
            if outcome.pod_status not in _NOT_STARTED:
                self.tail.starts(outcome.pod)
            if self.tail.pods and outcome.phase is Phase.RUNNING:
                self._room.has_started(self)

    def tell(self, lines: list[str], pod: str) -> None:
        """
        Show lines to whom they concern: Airflow routes them by a context variable.

        A pod's name begins with its DataCube's, which would fill the half of every line.
        """
        name = pod.removeprefix(f"{self.ref.name}-")
        for line in readable(lines):
            self._context.run(self._log.info, "%s | %s", name, line)

    def refuse(self, error: DataCubeApiError) -> None:
        """Say once why nothing is shown."""
        if not self._is_refused:
            self._is_refused = True
            self._context.run(self._log.warning, "%s; the pod's log is not shown here", error)


class PodLogs:
    """All who follow logs over one connection and in one namespace."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._due: list[tuple[float, int, Follower]] = []
        self._number = itertools.count()
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._source: LogSource | None = None
        self._refusal: DataCubeApiError | None = None

    def join(
        self, ref: CubeRef, interval_s: float, log: Log, context: contextvars.Context
    ) -> Follower:
        """Return somebody who follows from now on."""
        follower = Follower(self, ref, interval_s, log, context)
        self._followers.add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """Forget somebody."""
        self._followers.discard(follower)

    def has_started(self, follower: Follower) -> None:
        """Take turns with somebody whose pod runs."""
        if not follower.is_due:
            follower.is_due = True
            self._again(follower, follower.interval_s * random.uniform(*_FIRST))  # noqa: S311 - spreads load

    @asynccontextmanager
    async def reading(self, source: LogSource) -> AsyncGenerator[None, None]:
        """Read while this connection is there, beside what else is done over it."""
        self._source = source
        readers = [
            # In a context of its own: it reads for everybody, whoever came first.
            asyncio.create_task(self._by_turns(source), context=contextvars.Context())
            for _ in range(_SIDE_BY_SIDE)
        ]
        try:
            yield
        finally:
            self._source = None
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def finish(self, follower: Follower) -> str:
        """Show what came last, if that can be had soon; return of which pod, then."""
        if self._source is not None and follower.tail.pods and not self._refusal:
            while follower.tail.ends():
                pass
            await self._read(self._source, follower, _LAST_ANSWER_S, is_last=True)
        return follower.read_whole

    async def _by_turns(self, source: LogSource) -> None:
        while True:
            follower = await self._next()
            await self._read(source, follower, _ANSWER_S)
            if self._refusal is None:
                self._again(follower, follower.interval_s)

    async def _next(self) -> Follower:
        """Return who is due, not too many in a second."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(1 / _MOST_A_SECOND)
            while True:
                self._changed.clear()
                left_s = self._due[0][0] - loop.time() if self._due else None
                if left_s is None or left_s > 0:
                    await _until(self._changed, left_s)
                    continue
                _, _, follower = heapq.heappop(self._due)
                if follower in self._followers:
                    return follower

    def _again(self, follower: Follower, in_s: float) -> None:
        due = asyncio.get_running_loop().time() + in_s
        heapq.heappush(self._due, (due, next(self._number), follower))
        self._changed.set()

    async def _read(
        self, source: LogSource, follower: Follower, answer_s: float, *, is_last: bool = False
    ) -> None:
        if self._refusal is not None:
            follower.refuse(self._refusal)
            return
        tail = follower.tail
        pod = tail.pods[0]
        is_over = len(tail.pods) > 1
        try:
            async with asyncio.timeout(answer_s):
                piece = await source.log(follower.ref.namespace, pod, tail.since)
        except DataCubeForbiddenError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                self._refusal = error
                follower.refuse(error)
        except DataCubeNotFoundError:
            tail.ends()
        except (DataCubeApiError, TimeoutError, RuntimeError):  # the last: a session that is closed
            return  # the next turn may do better; what a watch meets is told already
        else:
            follower.tell(tail.take(piece, is_last=is_last or is_over), pod)
            if is_last:
                follower.read_whole = pod
            if is_over:
                tail.ends()


async def _until(changed: asyncio.Event, at_most_s: float | None) -> None:
    try:
        async with asyncio.timeout(at_most_s):
            await changed.wait()
    except TimeoutError:
        return
