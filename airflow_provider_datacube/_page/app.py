"""
The page's requests, each of them a read: rows, details, and the files that the browser runs.

Every one demands Airflow's login and the right to see task instances. There is nothing that writes:
neither here nor in what is used of the cluster.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Final

from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse

from airflow_provider_datacube._connecting import connect, facts_of
from airflow_provider_datacube._page.access import READ_LOG, SEE, Permits
from airflow_provider_datacube._page.details import without_log
from airflow_provider_datacube._page.looking import Looking
from airflow_provider_datacube._page.places import DEFAULT, places_of
from airflow_provider_datacube._page.viewing import Viewing
from datacube_api.errors import DataCubeApiError

if TYPE_CHECKING:
    from fastapi import Response

_LONGEST_WAIT_S: Final = 25.0
_FIRST_READ_S: Final = 2.0
_STATIC = files("airflow_provider_datacube._page") / "static"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FRESH: Final = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


def make_app(setting: str) -> FastAPI:
    """Return the application for ``[datacube] ui_connections``."""
    try:
        places, problem = places_of(setting), ""
    except ValueError as error:
        places, problem = (), str(error)
    page = Page(Viewing(places, connect), Looking(connect, facts_of), problem)
    app = FastAPI(
        title="DataCubes",
        openapi_url=None,
        dependencies=[Depends(requires_access_dag("GET", SEE))],
    )
    app.get("/rows")(page.rows)
    app.get("/details")(page.details)
    app.get("/static/{name}")(static)
    return app


class Page:
    """What the requests share."""

    def __init__(self, viewing: Viewing, looking: Looking, problem: str) -> None:
        self._viewing, self._looking, self._problem = viewing, looking, problem
        self._permits = Permits()

    async def rows(
        self,
        user: GetUserDep,
        after: str = "",
        wait: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 0,
    ) -> JSONResponse:
        """Return the rows that changed after a cursor, as soon as some have; all without one."""
        if not after:
            await self._viewing.first_read(_FIRST_READ_S)
        changes = await self._viewing.changes(after, wait)
        rows = await run_in_threadpool(self._permits.visible, user, changes.rows)
        return JSONResponse(
            {
                "cursor": changes.cursor,
                "all": changes.is_all,
                "rows": rows,
                "gone": changes.gone,
                "places": changes.standings,
                "problem": self._problem,
            },
            headers={"Cache-Control": "no-store"},
        )

    async def details(self, user: GetUserDep, key: str) -> JSONResponse:
        """Return the details of a row; 404 where there is none, or none for this user."""
        row = await self._viewing.find(key, _FIRST_READ_S)
        if row is None or not await run_in_threadpool(self._permits.may, user, row["task"], SEE):
            raise HTTPException(404, "This DataCube is gone, or not among those you may see.")
        try:
            details: dict[str, Any] = await self._looking.look(row)
        except DataCubeApiError as error:
            return JSONResponse({"problem": str(error)})
        if not await run_in_threadpool(self._permits.may, user, row["task"], READ_LOG):
            details = without_log(details)
        return JSONResponse(details, headers={"Cache-Control": "no-store"})


def static(name: str) -> Response:
    """Return one of the files that the browser runs."""
    known = {file.name: file for file in _STATIC.iterdir()}
    suffix = f".{name.rpartition('.')[2]}"
    if name not in known or suffix not in _TYPES:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(str(known[name]), media_type=_TYPES[suffix], headers=_FRESH)


APP = make_app(conf.get("datacube", "ui_connections", fallback=DEFAULT))
