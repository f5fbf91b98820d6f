"""
One watch for all DataCubes that are waited for in a process, per connection and namespace.

Thousands of deferred tasks cost the API server no more than one. The first waiter starts the watch
and the last one stops it. It asks for the namespace's version, watches from there, and beside the
watch looks for those it knows nothing about yet: a few by a get each, many by one list. The watch
began before the look, so no change falls between the two. What anybody may conclude from what is
seen, ``_waiters`` knows; which faults pass, ``_faults``. A watch
belongs to the event loop that started it, and ends with it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from airflow_provider_datacube._faults import Faults, persist
from airflow_provider_datacube._following import Followed, LogSource, PodLogs, nobody
from airflow_provider_datacube._refusals import ResourceUnknownError
from airflow_provider_datacube._waiters import Waiter, Waiters
from airflow_provider_datacube._watching import within
from datacube_api.errors import DataCubeForbiddenError, DataCubeNotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from airflow_provider_datacube._telling import Log
    from airflow_provider_datacube._watching import Cube, Limit, Pace
    from datacube_api.reference import CubeRef

# Up to so many newcomers are looked for one by one; a list may be long, whoever is waited for.
_FEW = 10
_PAGE = 500
# Rights change: where watching was forbidden it is tried again after this long.
_NO_WATCH_S = 300.0


class WatchedNamespace(LogSource, Protocol):
    """The verbs that a shared watch needs."""

    async def read(self, ref: CubeRef) -> Cube:
        """Return one object as it is now."""

    async def page(self, namespace: str, *, limit: int, more: str = "") -> dict[str, Any]:
        """Return some objects as a list of the API has them, with version and continuation."""

    def watch_all(self, namespace: str, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """Yield watch events, bookmarks too, until the stream ends."""


Connect: TypeAlias = "Callable[[], AbstractAsyncContextManager[WatchedNamespace]]"


class SharedWatch:
    """The one watch of a connection and namespace, in one event loop."""

    def __init__(self, connect: Connect, namespace: str, pace: Pace) -> None:
        self.namespace = namespace
        self.waiters = Waiters()
        self.logs = PodLogs()
        # Whoever waits for a DataCube got it from the API server, if in another process.
        self.faults = Faults(pace, logging.getLogger(__name__), has_worked=True)
        self._no_watch_until = 0.0
        # In a context of its own: it logs for nobody's task, whoever came first.
        self._task = asyncio.create_task(
            persist(connect, self._work, self.faults), context=contextvars.Context()
        )
        self._task.add_done_callback(self._broke_off)

    @property
    def is_running(self) -> bool:
        """Whether waiters may still join."""
        return not self._task.done()

    def join(self, ref: CubeRef, pace: Pace, log: Log, logging_interval_s: float) -> Waiter:
        """Return a waiter; the most impatient one says how often to poll, where it must be."""
        fastest = min(pace.poll_interval_s, self.faults.pace.poll_interval_s)
        self.faults.pace = replace(self.faults.pace, poll_interval_s=fastest)
        waiter = Waiter(ref, log, self.logs, logging_interval_s)
        self.waiters.join(waiter)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Forget somebody."""
        self.waiters.leave(waiter)
        if waiter.follower is not None:
            self.logs.leave(waiter.follower)

    def stop(self) -> None:
        """Close the connection, soon."""
        self._task.cancel()

    def _broke_off(self, task: asyncio.Task[None]) -> None:
        """Hand an error to everybody who waits; nobody waits for what has been stopped."""
        error = None if task.cancelled() else task.exception()
        for waiter in self.waiters:
            waiter.fail(error)

    async def _work(self, cubes: WatchedNamespace) -> None:
        async with self.logs.reading(cubes):
            await self._follow(cubes)

    async def _follow(self, cubes: WatchedNamespace) -> None:
        while True:
            since = await self._begin(cubes)
            if not since or time.monotonic() < self._no_watch_until:
                await self._look(cubes, lag_s=0)
                self.faults.forget()
                await asyncio.sleep(self.faults.pace.poll_interval_s)
                continue
            while since:
                since = await _first_of(self._watch(cubes, since), self._look_for_newcomers(cubes))
            await self.faults.pause()

    async def _begin(self, cubes: WatchedNamespace) -> str:
        """Return the namespace's version as it is now, or nothing where it may not be listed."""
        since = ""
        with suppress(_ListForbiddenError):
            since = (await _page(cubes, self.namespace, limit=1))["metadata"]["resourceVersion"]
            self.faults.answered()
        self.waiters.doubt()
        return since

    async def _watch(self, cubes: WatchedNamespace, since: str) -> str:
        """Return the version to go on from, or nothing when everything is to be read again."""
        began = time.monotonic()
        try:
            async with aclosing(cubes.watch_all(self.namespace, since)) as events:
                async for kind, cube in events:
                    since = cube["metadata"]["resourceVersion"]
                    if kind != "BOOKMARK":
                        self.waiters.heard(kind, cube)
        except DataCubeForbiddenError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            self._no_watch_until = time.monotonic() + _NO_WATCH_S
            self.faults.cannot_watch(error)
            return ""
        finally:
            was_good = self.faults.watch_lived(time.monotonic() - began)
        return since if was_good else ""

    async def _look_for_newcomers(self, cubes: WatchedNamespace) -> str:
        while True:
            if not self.waiters.unseen:
                self.waiters.came.clear()
                await self.waiters.came.wait()
            await self._look(cubes, self.faults.pace.lag_s)

    async def _look(self, cubes: WatchedNamespace, lag_s: float) -> None:
        """Find out how those are doing of whom nothing is known yet."""
        asked = self.waiters.begin_look()
        if len(asked) <= _FEW:
            await self._look_one_by_one(cubes, asked)
        else:
            try:
                await self._look_at_all(cubes, asked)
            except _ListForbiddenError:
                await self._look_one_by_one(cubes, asked)
        self.waiters.end_look(asked, lag_s)
        self.faults.works()

    async def _look_one_by_one(self, cubes: WatchedNamespace, asked: set[Waiter]) -> None:
        for ref in {waiter.ref for waiter in asked}:
            try:
                self.waiters.found(await cubes.read(ref), asked)
            except ResourceUnknownError:
                raise
            except DataCubeNotFoundError:
                continue  # whoever is not found is told at the end of the look

    async def _look_at_all(self, cubes: WatchedNamespace, asked: set[Waiter]) -> None:
        more = ""
        while True:
            page = await _page(cubes, self.namespace, limit=_PAGE, more=more)
            for cube in page["items"]:
                self.waiters.found(cube, asked)
            more = page["metadata"].get("continue") or ""
            if not more:
                return


class SharedWatches:
    """All shared watches of a process."""

    def __init__(self) -> None:
        self._running: dict[tuple[asyncio.AbstractEventLoop, str, str], SharedWatch] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def wait_until_terminal(  # noqa: PLR0913 - of the waiter, and of whom it shares with
        self,
        conn_id: str,
        connect: Connect,
        ref: CubeRef,
        *,
        pace: Pace,
        limit: Limit,
        log: Log,
        logging_interval_s: float = 0,
        followed: Followed = nobody,
    ) -> Cube:
        """
        Return the DataCube once it cannot change any more, as ``_watching`` does for one alone.

        :raises DataCubeGoneError: it was deleted, or its name now belongs to another DataCube.
        :raises DataCubeTimeoutError: the limit has passed.
        :raises DataCubeApiError: it may not be read, or another fault that will not pass.
        """
        key = (asyncio.get_running_loop(), conn_id, ref.namespace)
        watch = self._running.get(key)
        if watch is None or not watch.is_running:
            watch = self._running[key] = SharedWatch(connect, ref.namespace, pace)
        waiter = watch.join(ref, pace, log, logging_interval_s)
        try:
            async with within(limit, ref):
                cube = await waiter.ended
            if waiter.follower is not None:
                followed(await watch.logs.finish(waiter.follower))
            return cube
        finally:
            watch.leave(waiter)
            if not watch.waiters:
                watch.stop()
                if self._running.get(key) is watch:
                    del self._running[key]


WATCHES = SharedWatches()


class _ListForbiddenError(Exception):
    """The account may not list: everybody is read by name."""


async def _page(
    cubes: WatchedNamespace, namespace: str, *, limit: int, more: str = ""
) -> dict[str, Any]:
    try:
        return await cubes.page(namespace, limit=limit, more=more)
    except DataCubeForbiddenError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        raise _ListForbiddenError from error


async def _first_of(*works: Coroutine[Any, Any, str]) -> str:
    """Return what the first of them returns, or raise what it raises; end the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
