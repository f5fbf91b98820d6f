"""
Requests about resources: which verb of the registry one is, and its answer.

One handler a method. What the verbs mean is the registry's business; this module reads the query
and the body, asks, and shows the result in the shape that the client wants.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from datacube_runtime.local.apiserver import logs
from datacube_runtime.local.apiserver.bodies import (
    answer,
    read_object,
    read_patch,
    refuse_unaccepted,
    refuse_unstreamed,
    represented,
)
from datacube_runtime.local.apiserver.listing import listed
from datacube_runtime.local.apiserver.listoptions import check_version
from datacube_runtime.local.apiserver.methods import verb_of, watch_query
from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.apiserver.reviews import reviewed
from datacube_runtime.local.apiserver.streams import send
from datacube_runtime.local.apiserver.watching import is_true, read_watch, watched
from datacube_runtime.local.apiserver.watchlines import lines
from datacube_runtime.local.apiserver.writing import delete_warnings, read_delete, read_write
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.events import (
    refused_to_new,
    to_core,
    to_core_fields,
    to_new,
)
from datacube_runtime.local.registry.patches import APPLY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from datacube_runtime.local.apiserver.paths import Target
    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.registry import Registry

    LogPath = Callable[[str, str, str], Path]
    Answer = Callable[[web.Request, Target], Awaitable[web.StreamResponse]]

_DONE = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"


class Verbs:
    """Answers every request below ``/api/v1`` and ``/apis/GROUP/VERSION``."""

    def __init__(self, registry: Registry, log_path: LogPath) -> None:
        self._registry = registry
        self._log_path = log_path
        self._answers: Mapping[str, Answer] = {
            "get": self._read,
            "list": self._list_or_watch,
            "watch": self._send_watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """
        Answer a request.

        :raises ApiStatusError: it is refused.
        """
        info = request.match_info
        about = target(self._registry.catalog, info.get("group", ""), info["version"], info["rest"])
        answered = self._answers[verb_of(request.method, about)]
        if about.subresource != "log":  # that is text, whatever is accepted
            is_collection = request.method == "GET" and not about.name
            refuse_unaccepted(request, about.resource, is_collection=is_collection)
        try:
            return await answered(request, about)
        except ApiStatusError as error:
            if not about.is_new_event:
                raise
            raise refused_to_new(error) from None

    async def _read(self, request: web.Request, about: Target) -> web.StreamResponse:
        if about.subresource != "log":
            check_version(request.query, self._registry.version())
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
        write = _write(request, about)
        asked = await read_object(request, about.resource.kind, write)
        return answer(request, reviewed(about.resource, asked, write), 201, write.warnings)

    async def _create(self, request: web.Request, about: Target) -> web.StreamResponse:
        if about.resource.is_review:
            return await self._review(request, about)
        write = _write(request, about)
        obj = await read_object(request, about.resource.kind, write)
        if about.subresource == "binding":
            self._registry.bindings.bind(about.namespace or "", about.name, obj, write)
            return answer(request, _DONE, 201, write.warnings)
        made = self._registry.create(about.resource, about.namespace, obj, write)
        shown = self._shown(request, about, made)
        return answer(request, shown, 201, write.warnings)

    async def _update(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = _write(request, about)
        obj = await read_object(request, about.resource.kind, write)
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
        write = _write(request, about)
        patch_type, patch = await read_patch(request, about.resource)
        if about.is_new_event and patch_type == APPLY and isinstance(patch, dict):
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
        warnings = delete_warnings(about.resource, options)
        return answer(request, self._shown(request, about, gone), warnings=warnings)

    async def _delete_collection(self, request: web.Request, about: Target) -> web.StreamResponse:
        options = read_delete(request.query, await read_object(request, "DeleteOptions"))
        body = listed(self._registry, about.resource, about.namespace, _query(request, about))
        for obj in body["items"]:
            name = obj["metadata"]["name"]
            self._registry.delete_with(about.resource, about.namespace, name, options)
        warnings = delete_warnings(about.resource, options)
        return answer(request, self._shown(request, about, body), warnings=warnings)

    async def _send_watch(self, request: web.Request, about: Target) -> web.StreamResponse:
        refuse_unstreamed(request, about.resource)
        watch = read_watch(about.resource, watch_query(about, _query(request, about)))
        events = watched(self._registry, about.resource, about.namespace, watch)
        accepted = request.headers.get("Accept", "")
        told = lines(events, about.api_version, partial(self._told, request, about), accepted)
        return await send(request, _JSON, told)

    async def _send_log(self, request: web.Request, pod: dict[str, Any]) -> web.StreamResponse:
        query = logs.read_query(pod, request.query, datetime.now(UTC))
        meta = pod["metadata"]
        log = self._log_path(meta["namespace"], meta["name"], meta["uid"])
        if not pod["spec"].get("nodeName"):
            return web.Response(status=HTTPStatus.NO_CONTENT)  # nobody could have a log of it
        logs.refuse_unreadable(pod, log, query)
        return await send(request, _TEXT, logs.chunks(self._registry, pod, log, query))

    def _told(self, request: web.Request, about: Target, obj: dict[str, Any]) -> dict[str, Any]:
        """Show an object that a watch has seen, in the version that was asked for."""
        return self._shown(request, about, {**obj, "apiVersion": about.resource.api_version})

    def _shown(self, request: web.Request, about: Target, body: dict[str, Any]) -> dict[str, Any]:
        shown = represented(request, self._registry, about.resource, body)
        return to_new(shown) if about.is_new_event else shown


def _query(request: web.Request, about: Target) -> Mapping[str, str]:
    said = request.query
    if about.is_new_event and "fieldSelector" in said:
        return {**said, "fieldSelector": to_core_fields(said["fieldSelector"])}
    return said


def _write(request: web.Request, about: Target) -> Write:
    write = read_write(request)
    write.version = about.api_version if about.is_new_event else ""
    return write
