"""
The one module that knows what to ask an API server, and how.

Objects stay the dicts they are on the wire, less what no decision needs (``api.Resource.keep``); a
watch is followed with bookmarks and a limit on silence. kubernetes_asyncio is not used for this:
its import costs more memory than ten thousand finished DataCubes.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from datacube_api.errors import DataCubeUnavailableError
from datacube_runtime.controller.access import way_in
from datacube_runtime.controller.api import CUBES, ApiError, Resource, Snapshot, WatchEvent
from datacube_runtime.controller.wire import MERGE_PATCH, Wire, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from datacube_runtime.controller.access import Access
    from datacube_runtime.controller.objects import Key, Obj
    from datacube_runtime.controller.ratelimit import TokenBucket

_PAGE = 100  # it is in memory twice while it is read
# A watch that says nothing for so long is dead, whatever the connection claims: bookmarks come
# about once a minute. The server ends it after 240 to 300 s, jittered, so that not all watches of
# a cluster come back at the same moment.
_SILENCE_S = 90.0
_WATCH_S = (240, 300)
_LONGEST_LINE = 4 * 2**20  # an event holds one object, and etcd none of more than 1.5 MiB


class Cluster:
    """``Api`` over HTTP."""

    def __init__(self, wire: Wire, page: int = _PAGE, silence_s: float = _SILENCE_S) -> None:
        self.wire = wire
        self._page = page
        self._silence_s = silence_s

    def unlimited(self) -> Cluster:
        """Return the same, whose requests wait for no other's."""
        return Cluster(self.wire.unlimited(), self._page, self._silence_s)

    async def list(
        self,
        resource: Resource,
        namespace: str | None,
        selector: str | None = None,
        fields: str = "",
        heard: Callable[[], None] = lambda: None,
    ) -> Snapshot:
        """Return all objects, read in pages."""
        query = {"limit": str(self._page)}
        if wanted := resource.selector if selector is None else selector:
            query["labelSelector"] = wanted
        if fields:
            query["fieldSelector"] = fields
        items: list[Obj] = []
        while True:
            page = await self.wire.json("GET", resource.path(namespace), query)
            if not _is_list(page):
                raise DataCubeUnavailableError(f"no list of {resource.plural} was answered", 0)
            items += map(resource.keep, page["items"])
            heard()
            if not (more := page["metadata"].get("continue")):
                return Snapshot(tuple(items), page["metadata"]["resourceVersion"])
            query["continue"] = more

    async def watch(
        self, resource: Resource, namespace: str | None, since: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield what changes after a version, until the server ends it."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(random.randint(*_WATCH_S)),  # noqa: S311 - jitter
        }
        if resource.selector:
            query["labelSelector"] = resource.selector
        path = resource.path(namespace)
        patience = ClientTimeout(total=None, sock_connect=10, sock_read=self._silence_s)
        async with self.wire.answer("GET", path, query, timeout=patience) as answer:
            async for line in answer.content:
                event = orjson.loads(line)
                if not isinstance(event, dict) or not event.keys() >= {"type", "object"}:
                    raise ValueError("a line of the watch is no event")
                if event["type"] == "ERROR":  # a Status, 410 above all, inside of a 200
                    raise refusal(event["object"], HTTPStatus.INTERNAL_SERVER_ERROR)
                if not _is_object(event["object"]):
                    raise ValueError("an event of the watch holds no object")
                if event["type"] == "BOOKMARK":
                    yield WatchEvent("BOOKMARK", event["object"])
                else:
                    yield WatchEvent(event["type"], resource.keep(event["object"]))

    async def read(self, resource: Resource, key: Key) -> Obj | None:
        """Return the object as it is now, not as a cache may have it."""
        try:
            return await self.wire.json("GET", resource.path(key.namespace, key.name))
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    async def create(self, resource: Resource, manifest: Mapping[str, Any]) -> Obj:
        """Create an object."""
        path = resource.path(manifest["metadata"]["namespace"])
        return await self.wire.json("POST", path, body=manifest)

    async def patch_status(self, cube: Obj, status: Mapping[str, Any]) -> Obj:
        """Merge a status; with the version that was read, so that no newer one is lost."""
        meta = cube["metadata"]
        path = CUBES.path(meta["namespace"], meta["name"], "status")
        body = {"metadata": _as_read(cube), "status": status}
        return await self.wire.json("PATCH", path, body=body, content_type=MERGE_PATCH)

    async def patch(self, resource: Resource, obj: Obj, changes: Mapping[str, Any]) -> Obj:
        """Merge changes into the very object that was read."""
        meta = obj["metadata"]
        path = resource.path(meta["namespace"], meta["name"])
        body = {**changes, "metadata": _as_read(obj)}
        return await self.wire.json("PATCH", path, body=body, content_type=MERGE_PATCH)

    async def replace(self, resource: Resource, obj: Obj) -> Obj:
        """Write a whole object, whose version says what it replaces."""
        meta = obj["metadata"]
        return await self.wire.json("PUT", resource.path(meta["namespace"], meta["name"]), body=obj)

    async def delete(self, resource: Resource, obj: Obj) -> None:
        """Delete the very object that was read, and in the background what it owns."""
        meta = obj["metadata"]
        path = resource.path(meta["namespace"], meta["name"])
        body = {"propagationPolicy": "Background", "preconditions": _as_read(obj)}
        await self.wire.json("DELETE", path, body=body)


@asynccontextmanager
async def connected(
    kubeconfig: str | None,
    limit: TokenBucket | None = None,
    count: Callable[[str, str, int], None] = lambda *_: None,
) -> AsyncIterator[Cluster]:
    """
    Yield the cluster of a kubeconfig file, or the one whose pod this is.

    :raises DataCubeError: there is no such configuration.
    """

    async def find_way() -> Access:
        return await way_in(kubeconfig)

    access = await find_way()
    connector = TCPConnector(limit=0, keepalive_timeout=30)
    async with ClientSession(
        connector=connector, read_bufsize=_LONGEST_LINE, auto_decompress=True
    ) as session:
        yield Cluster(Wire(session, access, find_way, limit, count))


def _as_read(obj: Obj) -> dict[str, Any]:
    meta = obj["metadata"]
    return {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}


def _is_list(said: object) -> bool:
    """Tell whether an answer is a list of objects, and not what a proxy has to say."""
    items = said.get("items") if isinstance(said, dict) else None
    return isinstance(items, list) and _is_object(said) and all(map(_is_object, items))


def _is_object(said: object) -> bool:
    metadata = said.get("metadata") if isinstance(said, dict) else None
    return isinstance(metadata, dict) and "resourceVersion" in metadata
