"""
How far those are that run, for the list: read from the ends of their pods' logs.

No status tells it, since each write of one costs a cluster more than a read. So while somebody
looks at the page one log is read a second at a place, of all that run there the one that was not
looked at for longest. However many run and however many people look, it is never more.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from datacube_api.errors import DataCubeApiError, DataCubeForbiddenError
from datacube_api.progress import read_progress
from datacube_api.status import Phase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from airflow_provider_datacube._page.board import Board
    from airflow_provider_datacube._page.places import Place
    from airflow_provider_datacube._page.rows import Row
    from datacube_api.progress import Progress

_BETWEEN_S: Final = 1.0
_LINES: Final = 5
"""Progress is told in lines of its own, among what an engine says."""


class Logs(Protocol):
    """The one verb that is needed."""

    async def log(self, namespace: str, pod: str, since: str = "", *, lines: int) -> str:
        """Return the last lines of a pod's log, each after its time."""


def last_progress(lines: Iterable[str]) -> Progress | None:
    """Return what the last line that says how far it is says; None where there is none."""
    read = (read_progress(line) for line in reversed(tuple(lines)))
    return next((progress for progress in read if progress), None)


class HowFar:
    """Looks at the running ones of a place by turns, and tells the board."""

    def __init__(
        self, place: Place, board: Board, changed: Callable[[], None], between_s: float = _BETWEEN_S
    ) -> None:
        self._place, self._board, self._changed = place, board, changed
        self._between_s = between_s
        self._looked: dict[str, float] = {}

    @asynccontextmanager
    async def reading(self, logs: Logs) -> AsyncGenerator[None, None]:
        """Read while this connection is there, beside what else is done over it."""
        reader = asyncio.create_task(self._by_turns(logs))
        try:
            yield
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _by_turns(self, logs: Logs) -> None:
        while True:
            await asyncio.sleep(self._between_s)
            if (row := self._next()) is None:
                continue
            self._looked[row["key"]] = time.monotonic()
            try:
                said = await logs.log(row["namespace"], row["pod"], lines=_LINES)
            except DataCubeForbiddenError:
                return  # the details say which right is missing
            except DataCubeApiError:
                continue  # there is no log yet, or no longer
            self._tell(row, said)

    def _next(self) -> Row | None:
        running = [row for row in self._board.rows_of(self._place) if _runs(row)]
        self._looked = {row["key"]: self._looked.get(row["key"], 0.0) for row in running}
        return min(running, key=lambda row: self._looked[row["key"]], default=None)

    def _tell(self, row: Row, said: str) -> None:
        last = last_progress(line.partition(" ")[2] for line in said.splitlines())
        if last is not None and last.fraction is not None:
            self._board.tell_fraction(self._place, row["key"], last.fraction)
            self._changed()


def _runs(row: Row) -> bool:
    return row["state"] == Phase.RUNNING and bool(row["pod"])
