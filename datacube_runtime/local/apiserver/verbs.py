"""
Requests about resources: which verb of the registry one is, and its answer.

One handler a method. What the verbs mean is the registry's business; this module reads the query
and the body, asks, and shows the result in the shape that the client wants.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver import logs
from datacube_runtime.local.apiserver.bodies import answer, read_object, read_patch, represented
from datacube_runtime.local.apiserver.listing import listed
from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.apiserver.reviews import reviewed
from datacube_runtime.local.apiserver.streams import send
from datacube_runtime.local.apiserver.watching import is_true, read_watch, watched
from datacube_runtime.local.apiserver.writing import read_delete, read_write
from datacube_runtime.local.registry.errors import method_not_allowed
from datacube_runtime.local.registry.events import to_core, to_core_fields, to_new
from datacube_runtime.local.registry.resources import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from pathlib import Path

    from aiohttp import web

    from datacube_runtime.local.apiserver.paths import Target
    from datacube_runtime.local.registry.registry import Registry

    LogPath = Callable[[str, str, str], Path]

_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"


class Verbs:
    """Answers every request below ``/api/v1`` and ``/apis/GROUP/VERSION``."""

    def __init__(self, registry: Registry, log_path: LogPath) -> None:
        self._registry = registry
        self._log_path = log_path

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """
        Answer a request.

        :raises ApiStatusError: it is refused.
        """
        info = request.match_info
        about = target(self._registry.catalog, info.get("group", ""), info["version"], info["rest"])
        answers: Mapping[str, Callable[[web.Request, Target], Awaitable[web.StreamResponse]]] = {
            "GET": self._read if about.name else self._list_or_watch,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._patch,
            "DELETE": self._delete if about.name else self._delete_collection,
        }
        if about.resource.is_review:
            answers = {"POST": self._review}
        if request.method not in answers or not _is_allowed(request.method, about):
            raise method_not_allowed()
        return await answers[request.method](request, about)

    async def _read(self, request: web.Request, about: Target) -> web.StreamResponse:
        obj = self._registry.get(about.resource, about.namespace, about.name)
        if about.subresource == "log":
            return await self._send_log(request, obj)
        return answer(request, self._shown(request, about, obj))

    async def _list_or_watch(self, request: web.Request, about: Target) -> web.StreamResponse:
        if is_true(request.query, "watch"):
            return await self._send_watch(request, about)
        body = listed(self._registry, about.resource, about.namespace, _query(request, about))
        return answer(request, self._shown(request, about, body))

    async def _review(self, request: web.Request, about: Target) -> web.StreamResponse:
        asked = await read_object(request, about.resource.kind)
        return answer(request, reviewed(about.resource, asked), 201)

    async def _create(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = read_write(request)
        obj = await _object(request, about)
        made = self._registry.create(about.resource, about.namespace, obj, write)
        shown = self._shown(request, about, made)
        return answer(request, shown, 201, write.warnings)

    async def _update(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = read_write(request)
        obj = await _object(request, about)
        made = self._registry.update(
            about.resource,
            about.namespace,
            about.name,
            obj,
            subresource=about.subresource,
            write=write,
        )
        shown = self._shown(request, about, made)
        return answer(request, shown, warnings=write.warnings)

    async def _patch(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = read_write(request)
        patch_type, patch = await read_patch(request, about.resource)
        if about.is_new_event and isinstance(patch, dict):
            patch = to_core(patch)
        made = self._registry.patch(
            about.resource,
            about.namespace,
            about.name,
            patch,
            subresource=about.subresource,
            patch_type=patch_type,
            write=write,
        )
        shown = self._shown(request, about, made)
        status = 201 if write.has_created else 200
        return answer(request, shown, status, write.warnings)

    async def _delete(self, request: web.Request, about: Target) -> web.StreamResponse:
        options = read_delete(request.query, await read_object(request, "DeleteOptions"))
        gone = self._registry.delete_with(about.resource, about.namespace, about.name, options)
        return answer(request, self._shown(request, about, gone))

    async def _delete_collection(self, request: web.Request, about: Target) -> web.StreamResponse:
        if about.resource == NAMESPACES or (about.resource.namespaced and about.namespace is None):
            raise method_not_allowed()
        options = read_delete(request.query, await read_object(request, "DeleteOptions"))
        body = listed(self._registry, about.resource, about.namespace, _query(request, about))
        for obj in body["items"]:
            name = obj["metadata"]["name"]
            self._registry.delete_with(about.resource, about.namespace, name, options)
        return answer(request, self._shown(request, about, body))

    async def _send_watch(self, request: web.Request, about: Target) -> web.StreamResponse:
        watch = read_watch(about.resource, _query(request, about))
        events = watched(self._registry, about.resource, about.namespace, watch)
        return await send(request, _JSON, self._lines(request, about, events))

    async def _lines(
        self,
        request: web.Request,
        about: Target,
        events: AsyncGenerator[dict[str, Any], None],
    ) -> AsyncGenerator[bytes, None]:
        async with aclosing(events):
            async for event in events:
                shown = event["object"]
                if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                    shown = self._shown(request, about, shown)
                elif event["type"] == "BOOKMARK":
                    shown = {**shown, "apiVersion": about.api_version}
                line = json.dumps({**event, "object": shown}, separators=(",", ":"))
                yield line.encode() + b"\n"

    async def _send_log(self, request: web.Request, pod: dict[str, Any]) -> web.StreamResponse:
        query = logs.read_query(pod, request.query, datetime.now(UTC))
        meta = pod["metadata"]
        log = self._log_path(meta["namespace"], meta["name"], meta["uid"])
        logs.refuse_unreadable(pod, log, query)
        return await send(request, _TEXT, logs.chunks(self._registry, pod, log, query))

    def _shown(self, request: web.Request, about: Target, body: dict[str, Any]) -> dict[str, Any]:
        shown = represented(request, self._registry, about.resource, body)
        return to_new(shown) if about.is_new_event else shown


def _query(request: web.Request, about: Target) -> Mapping[str, str]:
    said = request.query
    if about.is_new_event and "fieldSelector" in said:
        return {**said, "fieldSelector": to_core_fields(said["fieldSelector"])}
    return said


async def _object(request: web.Request, about: Target) -> dict[str, Any]:
    obj = await read_object(request, about.resource.kind)
    return to_core(obj) if about.is_new_event else obj


def _is_allowed(method: str, about: Target) -> bool:
    """Tell whether a method goes with a collection, an object or a subresource."""
    if about.subresource == "log":
        return method == "GET"
    if method == "POST":
        return not about.name
    if method == "DELETE":
        return not about.subresource
    return bool(about.name) or method == "GET"
