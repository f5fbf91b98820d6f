"""
Requests about resources: which verb of the registry one is, and its answer.

One handler a method. What the verbs mean is the registry's business; this module reads the query
and the body, asks, and shows the result in the shape that the client wants.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import web

from datacube_runtime.local.apiserver import logs
from datacube_runtime.local.apiserver.bodies import answer, read_object, read_patch, represented
from datacube_runtime.local.apiserver.listing import listed
from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.apiserver.watching import is_true, read_watch, watched
from datacube_runtime.local.registry.errors import bad_request, method_not_allowed
from datacube_runtime.local.registry.options import Delete, Propagation, Write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from datacube_runtime.local.apiserver.paths import Target
    from datacube_runtime.local.registry.registry import Registry

    LogPath = Callable[[str, str, str], Path]

_FIELD_VALIDATIONS = ("", "Ignore", "Warn", "Strict")


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
        if request.method not in answers or not _is_allowed(request.method, about):
            raise method_not_allowed()
        return await answers[request.method](request, about)

    async def _read(self, request: web.Request, about: Target) -> web.StreamResponse:
        obj = self._registry.get(about.resource, about.namespace, about.name)
        if about.subresource == "log":
            return await self._send_log(request, obj)
        return answer(request, represented(request, self._registry, about.resource, obj))

    async def _list_or_watch(self, request: web.Request, about: Target) -> web.StreamResponse:
        if is_true(request.query, "watch"):
            return await self._send_watch(request, about)
        body = listed(self._registry, about.resource, about.namespace, request.query)
        return answer(request, represented(request, self._registry, about.resource, body))

    async def _create(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = _write(request.query)
        obj = await read_object(request, about.resource.kind)
        made = self._registry.create(about.resource, about.namespace, obj, write)
        shown = represented(request, self._registry, about.resource, made)
        return answer(request, shown, 201, write.warnings)

    async def _update(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = _write(request.query)
        obj = await read_object(request, about.resource.kind)
        made = self._registry.update(
            about.resource,
            about.namespace,
            about.name,
            obj,
            subresource=about.subresource,
            write=write,
        )
        shown = represented(request, self._registry, about.resource, made)
        return answer(request, shown, warnings=write.warnings)

    async def _patch(self, request: web.Request, about: Target) -> web.StreamResponse:
        write = _write(request.query)
        patch_type, patch = await read_patch(request, about.resource)
        made = self._registry.patch(
            about.resource,
            about.namespace,
            about.name,
            patch,
            subresource=about.subresource,
            patch_type=patch_type,
            write=write,
        )
        shown = represented(request, self._registry, about.resource, made)
        return answer(request, shown, warnings=write.warnings)

    async def _delete(self, request: web.Request, about: Target) -> web.StreamResponse:
        options = _delete_options(request.query, await read_object(request, "DeleteOptions"))
        gone = self._registry.delete_with(about.resource, about.namespace, about.name, options)
        return answer(request, represented(request, self._registry, about.resource, gone))

    async def _delete_collection(self, request: web.Request, about: Target) -> web.StreamResponse:
        if about.namespace is None and about.resource.namespaced:
            raise method_not_allowed()
        options = _delete_options(request.query, await read_object(request, "DeleteOptions"))
        body = listed(self._registry, about.resource, about.namespace, request.query)
        for obj in body["items"]:
            name = obj["metadata"]["name"]
            self._registry.delete_with(about.resource, about.namespace, name, options)
        return answer(request, represented(request, self._registry, about.resource, body))

    async def _send_watch(self, request: web.Request, about: Target) -> web.StreamResponse:
        watch = read_watch(about.resource, request.query)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        events = watched(self._registry, about.resource, about.namespace, watch)
        async with aclosing(events):
            async for event in events:
                if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                    shown = represented(request, self._registry, about.resource, event["object"])
                    event = {**event, "object": shown}  # noqa: PLW2901 - the same event, shown
                await response.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
        await response.write_eof()
        return response

    async def _send_log(self, request: web.Request, pod: dict[str, Any]) -> web.StreamResponse:
        query = logs.read_query(pod, request.query)
        meta = pod["metadata"]
        log = self._log_path(meta["namespace"], meta["name"], meta["uid"])
        logs.refuse_unstarted(pod, log)
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        await response.prepare(request)
        async with aclosing(logs.chunks(self._registry, pod, log, query)) as output:
            async for chunk in output:
                await response.write(chunk)
        await response.write_eof()
        return response


def _is_allowed(method: str, about: Target) -> bool:
    """Tell whether a method goes with a collection, an object or a subresource."""
    if about.subresource == "log":
        return method == "GET"
    if method == "POST":
        return not about.name
    if method == "DELETE":
        return not about.subresource
    return bool(about.name) or method == "GET"


def _write(query: Mapping[str, str]) -> Write:
    validation = query.get("fieldValidation", "")
    if validation not in _FIELD_VALIDATIONS:
        raise bad_request(f'fieldValidation: Unsupported value: "{validation}"')
    return Write(dry_run=_is_dry_run(query), field_validation=validation or "Warn")


def _is_dry_run(said: Mapping[str, Any]) -> bool:
    value = said.get("dryRun") or ""
    if value not in ("", "All", ["All"]):
        raise bad_request('dryRun: Unsupported value: supported values: "All"')
    return bool(value)


def _delete_options(query: Mapping[str, str], body: Mapping[str, Any]) -> Delete:
    """Return the options of a delete: from the body, else from the query."""
    said = {**query, **{key: value for key, value in body.items() if value is not None}}
    preconditions = body.get("preconditions") or {}
    propagation = said.get("propagationPolicy")
    grace_s = said.get("gracePeriodSeconds")
    try:
        return Delete(
            dry_run=_is_dry_run(said),
            grace_period_seconds=None if grace_s is None else max(0, int(grace_s)),
            uid=preconditions.get("uid"),
            resource_version=preconditions.get("resourceVersion"),
            propagation=Propagation(propagation) if propagation else None,
        )
    except ValueError as error:
        raise bad_request(f"DeleteOptions: {error}") from None
