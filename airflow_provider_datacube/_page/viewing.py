"""
One board for all viewers of a process: the first starts its watches, the last one ends them.

A page asks again as soon as it has been answered, so a viewer is somebody who waits for an answer;
the watches outlive the last by a minute, for those who come back from a task's page.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_datacube._page.board import Board
from airflow_provider_datacube._page.watch import PlaceWatch
from airflow_provider_datacube._watching import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_datacube._page.board import Changes
    from airflow_provider_datacube._page.places import Place
    from airflow_provider_datacube._page.rows import Row
    from airflow_provider_datacube._page.watch import Connect

log = logging.getLogger(__name__)

PACE = Pace(poll_interval_s=15.0, longest_pause_s=30.0)


@dataclass(frozen=True)
class Times:
    """
    Seconds: how long watches outlive the last viewer, and how long changes are gathered.

    One that is answered at each change of a busy namespace would do nothing but ask.
    """

    linger: float = 60.0
    gather: float = 0.5


class Viewing:
    """The board of a process, in its one event loop."""

    def __init__(
        self, places: Sequence[Place], connect: Connect, times: Times | None = None
    ) -> None:
        self.board = Board(places)
        self._places, self._connect = places, connect
        self._times = times or Times()
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        self._viewers = 0
        self._end: asyncio.TimerHandle | None = None
        self._change = asyncio.Event()

    async def changes(self, cursor: str, wait_s: float) -> Changes:
        """Return what came after a cursor; wait so long for it where nothing has."""
        with self._present():
            changes = self.board.changes(cursor)
            if changes.is_all or changes.cursor != cursor:
                return changes
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed_since(cursor)
            except TimeoutError:
                return self.board.changes(cursor)
            await asyncio.sleep(self._times.gather)
            return self.board.changes(cursor)

    async def first_read(self, limit_s: float) -> None:
        """Return once some place has been read or cannot be, or when the time is over."""
        with self._present():
            try:
                async with asyncio.timeout(limit_s):
                    while self.board.is_unread:
                        await self._changed_since(self.board.cursor)
            except TimeoutError:
                return

    async def find(self, key: str, limit_s: float) -> Row | None:
        """
        Return a row by its key, or None.

        Airflow's API server may have several processes, and this one may not have read anything
        yet of what another one has shown.
        """
        with self._present():
            try:
                async with asyncio.timeout(limit_s):
                    while self.board.row(key) is None and self.board.is_being_read:
                        await self._changed_since(self.board.cursor)
            except TimeoutError:
                pass  # what is known by now counts
            return self.board.row(key)

    async def _changed_since(self, cursor: str) -> None:
        while self.board.cursor == cursor:
            self._change.clear()
            await self._change.wait()

    @contextmanager
    def _present(self) -> Iterator[None]:
        """Be a viewer for a while."""
        self._viewers += 1
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self._watch()
        try:
            yield
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._end = asyncio.get_running_loop().call_later(self._times.linger, self.stop)

    def _watch(self) -> None:
        for place in self._places:
            task = self._tasks.get(place)
            if task is None or task.done():
                watch = PlaceWatch(place, self.board, self._connect, PACE, self._change.set)
                # In a context of its own: it works for no request.
                task = asyncio.create_task(watch.run(), context=contextvars.Context())
                task.add_done_callback(partial(self._broke_off, place))
                self._tasks[place] = task

    def _broke_off(self, place: Place, task: asyncio.Task[None]) -> None:
        """Show an error that nobody foresaw; the next request begins anew."""
        if not task.cancelled() and (error := task.exception()):
            log.error("The page's watch of %s ended", place, exc_info=error)
            kind = type(error).__name__
            why = f"the page met an error of its own ({kind}): see the API server's log"
            self.board.stand(place, "trouble", f"{place}: {why}")
            self._change.set()

    def stop(self) -> None:
        """End the watches; what they have read is old from now on."""
        for place, task in self._tasks.items():
            task.cancel()
            self.board.stand(place, "reading")
        self._tasks.clear()
        self._change.set()

    @property
    def watches(self) -> int:
        """How many watches there are."""
        return sum(not task.done() for task in self._tasks.values())
