"""
Keep one place of the board up to date: one list, then a watch, for all viewers of the process.

Other than one who waits for a DataCube, a page never gives up: what will not pass by itself (a
right that is missing, a connection that leads nowhere) is told to the viewers, and asked again
after pauses, since somebody may mend it meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from airflow_provider_datacube._faults import Faults
from airflow_provider_datacube._page.progress import HowFar, Logs
from airflow_provider_datacube._page.rows import row_of
from datacube_api.errors import DataCubeApiError, DataCubeForbiddenError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from airflow_provider_datacube._page.board import Board
    from airflow_provider_datacube._page.places import Place
    from airflow_provider_datacube._page.rows import Row
    from airflow_provider_datacube._watching import Cube, Pace
    from datacube_api.reference import CubeRef

_PAGE: Final = 500
_AT_ONCE: Final = 50
"""So many rows are made before the event loop, which serves all of Airflow's UI, goes on."""


class Watched(Logs, Protocol):
    """The verbs that a page needs: none of them writes."""

    namespace: str

    async def read(self, ref: CubeRef) -> Cube:
        """Return one object as it is now."""

    async def page(self, namespace: str, *, limit: int, more: str = "") -> dict[str, Any]:
        """Return some objects as a list of the API has them, with version and continuation."""

    def watch_all(self, namespace: str, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """Yield watch events, bookmarks too, until the stream ends."""


Connect: TypeAlias = "Callable[[str], AbstractAsyncContextManager[Watched]]"


class PlaceWatch:
    """The one watch of a place, in one process; ``changed`` is called after each change."""

    def __init__(
        self, place: Place, board: Board, connect: Connect, pace: Pace, changed: Callable[[], None]
    ) -> None:
        self._place, self._board, self._connect = place, board, connect
        self._changed = changed
        self._faults = Faults(pace, logging.getLogger(__name__))
        self._how_far = HowFar(place, board, changed)
        self._refusals = 0

    async def run(self) -> None:
        """Keep the place up to date until cancelled."""
        while True:
            try:
                async with (
                    self._connect(self._place.conn_id) as cubes,
                    self._how_far.reading(cubes),
                ):
                    await self._follow(cubes, self._place.namespace or cubes.namespace)
            except DataCubeApiError as error:
                self._tell(error)
            await self._faults.pause()

    def _tell(self, error: DataCubeApiError) -> None:
        """Show what is wrong, unless it is the way of watches or a login that only expired."""
        self._refusals += 1
        is_usual = error.status == HTTPStatus.GONE
        may_have_expired = error.status == HTTPStatus.UNAUTHORIZED and self._refusals == 1
        if not (is_usual or may_have_expired):
            self._stand("trouble", str(error))

    def _stand(self, state: str, message: str = "", namespace: str = "") -> None:
        self._board.stand(self._place, state, message, namespace)
        self._changed()

    async def _follow(self, cubes: Watched, namespace: str) -> None:
        while True:
            since = await self._list(cubes, namespace)
            self._refusals = 0
            try:
                while since:
                    self._stand("live", namespace=namespace)
                    since = await self._watch(cubes, namespace, since)
            except DataCubeForbiddenError as error:
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                every = f"reading anew every {self._faults.pace.poll_interval_s:g} seconds"
                self._stand("polling", f"{error}; {every}")
                await asyncio.sleep(self._faults.pace.poll_interval_s)
            else:
                await self._faults.pause()

    async def _list(self, cubes: Watched, namespace: str) -> str:
        """Read everything; return the version of it."""
        rows: dict[str, Row] = {}
        more = ""
        while True:
            page = await cubes.page(namespace, limit=_PAGE, more=more)
            for number, cube in enumerate(page["items"]):
                row = row_of(self._place.conn_id, cube)
                rows[row["key"]] = row
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            more = page["metadata"].get("continue") or ""
            if not more:
                break
        self._board.keep_only(self._place, rows)
        self._changed()
        return str(page["metadata"]["resourceVersion"])

    async def _watch(self, cubes: Watched, namespace: str, since: str) -> str:
        """Return the version to go on from, or nothing when everything is to be read again."""
        began = time.monotonic()
        try:
            async with aclosing(cubes.watch_all(namespace, since)) as events:
                async for kind, cube in events:
                    since = cube["metadata"]["resourceVersion"]
                    if kind != "BOOKMARK":
                        self._heard(kind, cube)
        finally:
            was_good = self._faults.watch_lived(time.monotonic() - began)
        return since if was_good else ""

    def _heard(self, kind: str, cube: Cube) -> None:
        row = row_of(self._place.conn_id, cube)
        if kind == "DELETED":
            self._board.drop(self._place, row["key"])
        else:
            self._board.put(self._place, row)
        self._changed()
