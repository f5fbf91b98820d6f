"""
Watches: which changes a client sees, and for how long.

What an object's change means to a client depends on its selector: an object that leaves the
selection is DELETED for this client, one that enters is ADDED. The stream itself (bytes, sockets)
is the server's business.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    Cause,
    bad_request,
    internal,
    invalid,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from datacube_runtime.local.apiserver.selectors import Selector
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Event

_LONGEST_S = 1800.0
_BOOKMARK_EVERY_S = 60.0
_NOT_OLDER = "NotOlderThan"
_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def is_true(query: Mapping[str, str], name: str) -> bool:
    """
    Tell whether a query parameter says yes: being there is enough, unless it says no.

    Source: Convert_Slice_string_To_bool in k8s.io/apimachinery/pkg/conversion/queryparams
    """
    return name in query and query[name].lower() not in ("false", "0")


@dataclass(frozen=True)
class Watch:
    """What a watch request asks for. ``since`` None means: from what is there now."""

    since: int | None
    shows_initial: bool
    """Whether what is there now is sent first, where ``since`` is None."""

    wanted: Selector | None
    timeout_s: float
    has_bookmarks: bool
    marks_initial_end: bool


def read_watch(resource: Resource, query: Mapping[str, str]) -> Watch:
    """
    Return what a query asks to watch.

    :raises ApiStatusError: (500, as a real server has it) the version is no number; (400, 422) an
        option is wrong, or does not go with another.
    """
    if problems := list(_problems(query)):
        raise invalid("ListOptions", "meta.k8s.io", "", problems)
    version = query.get("resourceVersion", "")
    if version and not version.isdecimal():
        problem = f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}"'
        raise internal(f"resourceVersion: {problem}: invalid syntax")
    sends_initial = is_true(query, "sendInitialEvents")
    timeout_s = query.get("timeoutSeconds", "")
    if timeout_s and not timeout_s.isdecimal():
        raise bad_request(f'strconv.ParseInt: parsing "{timeout_s}": invalid syntax')
    return Watch(
        since=None if sends_initial or version in ("", "0") else int(version),
        shows_initial=sends_initial or "sendInitialEvents" not in query,
        wanted=selector(resource, query.get("labelSelector", ""), query.get("fieldSelector", "")),
        timeout_s=float(timeout_s) if timeout_s else _LONGEST_S,
        has_bookmarks=is_true(query, "allowWatchBookmarks"),
        marks_initial_end=sends_initial and is_true(query, "allowWatchBookmarks"),
    )


def _problems(query: Mapping[str, str]) -> Iterator[Cause]:
    """Source: ValidateListOptions in k8s.io/apimachinery/pkg/apis/meta/internalversion."""
    match, has_initial = query.get("resourceVersionMatch", ""), "sendInitialEvents" in query
    if has_initial and match != _NOT_OLDER:
        message = (
            f"Forbidden: sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        )
        yield Cause("FieldValueForbidden", "resourceVersionMatch", message)
    if match and not has_initial:
        message = (
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
            "provided"
        )
        yield Cause("FieldValueForbidden", "resourceVersionMatch", message)
    if match not in ("", _NOT_OLDER) and not has_initial:
        message = f'Unsupported value: "{match}": supported values: "{_NOT_OLDER}"'
        yield Cause("FieldValueNotSupported", "resourceVersionMatch", message)


async def watched(
    registry: Registry, resource: Resource, namespace: str | None, watch: Watch
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the watch events that a client sees, until its time is over."""
    since = registry.version() if watch.since is None else watch.since
    if watch.since is None and watch.shows_initial:
        for obj in registry.list(resource, namespace):
            if watch.wanted is None or watch.wanted(obj):
                yield {"type": "ADDED", "object": obj}
        if watch.marks_initial_end:
            yield _bookmark(resource, since, {_INITIAL_EVENTS_END: "true"})
    try:
        async for event in _changes(registry, resource, namespace, since, watch):
            yield event
    except ApiStatusError as error:
        yield {"type": "ERROR", "object": error.body()}


async def _changes(
    registry: Registry, resource: Resource, namespace: str | None, since: int, watch: Watch
) -> AsyncGenerator[dict[str, Any], None]:
    clock = asyncio.get_running_loop().time
    end, bookmark_at = clock() + watch.timeout_s, clock() + _BOOKMARK_EVERY_S
    with registry.subscribed(resource) as changed:
        while True:
            changed.clear()
            for event in registry.changes(resource, namespace, since):
                since = event.version
                if (change := seen(event, watch.wanted)) is not None:
                    kind, obj = change
                    yield {"type": kind, "object": {**obj, "apiVersion": resource.api_version}}
            if clock() >= end:
                return
            if clock() >= bookmark_at:
                bookmark_at = clock() + _BOOKMARK_EVERY_S
                if watch.has_bookmarks:
                    yield _bookmark(resource, registry.version())
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(end, bookmark_at) - clock())


def _bookmark(
    resource: Resource, version: int, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    meta: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        meta["annotations"] = dict(annotations)
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
    return {"type": "BOOKMARK", "object": obj}


def seen(event: Event, wanted: Selector | None) -> tuple[str, dict[str, Any]] | None:
    """Return what one change is to a client with that selector; None where it is nothing."""
    obj: dict[str, Any] = json.loads(event.body)
    if wanted is None:
        return event.kind, obj
    before = json.loads(event.previous) if event.previous else None
    was, is_now = before is not None and wanted(before), wanted(obj)
    if event.kind == "DELETED":
        return ("DELETED", obj) if was else None
    if was and not is_now and before is not None:
        # As it was when it last belonged to the selection, under the version of its leaving.
        before["metadata"]["resourceVersion"] = obj["metadata"]["resourceVersion"]
        return "DELETED", before
    if is_now:
        return ("MODIFIED" if was else "ADDED"), obj
    return None
