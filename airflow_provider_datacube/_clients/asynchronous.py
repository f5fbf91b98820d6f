"""The DataCubes behind one connection, for an event loop: some verbs, and the watch."""

from __future__ import annotations

import random
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from airflow_provider_datacube._clients.asking import (
    ANSWER_S,
    CONNECT_S,
    TIMES,
    api_errors,
    deletion,
    hang_up,
    request_for,
)
from airflow_provider_datacube._clients.gathering import gathered
from airflow_provider_datacube._clients.logs import LogReader
from airflow_provider_datacube._logtail import LINES
from airflow_provider_datacube._refusals import POD_LOGS, Request, refused
from airflow_provider_datacube._watchlines import lines_of, watch_event
from datacube_api.errors import DataCubeConflictError, DataCubeNotFoundError
from datacube_api.reference import collection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import kubernetes_asyncio.client

    from airflow_provider_datacube._watching import Cube
    from datacube_api.reference import CubeRef

# The server ends a watch after this long, each at its own moment; nothing at all for so long
# (not even a bookmark, which a real one sends every minute) is taken for a dead connection.
_WATCH_S = (240, 300)
_SILENCE_S = 75


class AsyncCubes:
    """The DataCubes behind one connection, for an event loop; its namespace is the default one."""

    def __init__(
        self,
        api: kubernetes_asyncio.client.CustomObjectsApi,
        conn_id: str,
        namespace: str = "default",
    ) -> None:
        self.api, self.conn_id, self.namespace = api, conn_id, namespace
        self.silence_s: float = _SILENCE_S
        self._logs = LogReader(api.api_client)  # type: ignore[attr-defined]  # their stubs forget it

    async def read(self, ref: CubeRef) -> Cube:
        """Return the object as it is now."""
        with api_errors(request_for("get", ref, self.conn_id)):
            cube: Cube = await self.api.get_namespaced_custom_object(**ref.item(), **TIMES)
        return cube

    async def delete(self, ref: CubeRef, *, version: str = "") -> bool:
        """Delete this very object; tell whether it was there, as it was at that version."""
        try:
            with api_errors(request_for("delete", ref, self.conn_id)):
                await self.api.delete_namespaced_custom_object(
                    **ref.item(),
                    body=deletion(ref.uid, version=version),  # type: ignore[arg-type]  # sent as it is
                    **TIMES,
                )
        except (DataCubeNotFoundError, DataCubeConflictError):
            return False
        return True

    async def log(self, namespace: str, pod: str, since: str = "", *, lines: int = LINES) -> str:
        """Return the last lines of a pod's log from a second on, each after its time."""
        request = Request("get", namespace, self.conn_id, pod, POD_LOGS)
        with api_errors(request):
            return await self._logs.read(request, since, lines)

    async def page(
        self, namespace: str, *, limit: int, more: str = "", label_selector: str = ""
    ) -> dict[str, Any]:
        """Return some of a namespace's objects, with the version of the whole and what is left."""
        asked = {"label_selector": label_selector, "_continue": more}
        with api_errors(Request("list", namespace, self.conn_id)):
            page: dict[str, Any] = await self.api.list_namespaced_custom_object(
                **collection(namespace),
                limit=limit,
                **{**TIMES, **{key: value for key, value in asked.items() if value}},
            )
        return page

    async def watch(self, ref: CubeRef, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """
        Yield what happens to the object after version ``since``, until the stream ends.

        An end says nothing, whether it was the server's timeout or silence.
        """
        only = {"field_selector": f"metadata.name={ref.name}"}
        async with aclosing(
            self._events(request_for("watch", ref, self.conn_id), since, only)
        ) as all_:
            async for kind, cube in all_:
                if kind != "BOOKMARK":
                    yield kind, cube

    def watch_all(self, namespace: str, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        """Yield the same for all objects of a namespace; a ``BOOKMARK`` holds a version alone."""
        return self._events(Request("watch", namespace, self.conn_id), since, {})

    async def _events(
        self, request: Request, since: str, only: dict[str, Any]
    ) -> AsyncGenerator[tuple[str, Cube], None]:
        lasts_s = random.randint(*_WATCH_S)  # noqa: S311 - spreads load
        with api_errors(request):
            response = await self.api.list_namespaced_custom_object(
                **collection(request.namespace),
                **only,
                resource_version=since,
                watch=True,
                allow_watch_bookmarks=True,
                timeout_seconds=lasts_s,
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(
                    total=lasts_s + ANSWER_S, sock_connect=CONNECT_S, sock_read=self.silence_s
                ),
            )
            try:
                if response.status != HTTPStatus.OK:
                    raise refused(request, response.status, await response.text())
                async with aclosing(lines_of(gathered(response))) as lines:
                    async for line in lines:
                        yield watch_event(request, line)
            except TimeoutError:
                return
            finally:
                hang_up(response)
