"""
Watches: which changes a client sees, and for how long.

What an object's change means to a client depends on its selector: an object that leaves the
selection is DELETED for this client, one that enters is ADDED. The stream itself (bytes, sockets)
is the server's business.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from datacube_runtime.local.apiserver.listoptions import check_watch, number, version_problem
from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.errors import ApiStatusError, internal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping

    from datacube_runtime.local.apiserver.selectors import Selector
    from datacube_runtime.local.registry.recent import Event
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

T = TypeVar("T")

_LONGEST_S = 1800.0
_BOOKMARK_EVERY_S = 60.0
_GATHER_S = 0.02
_BATCH = 100
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
    timeout_s = number(query, "timeoutSeconds")
    check_watch(query)
    version = query.get("resourceVersion", "")
    if version and (problem := version_problem(version)):
        raise internal(problem)
    sends_initial = is_true(query, "sendInitialEvents")
    return Watch(
        since=None if sends_initial or version in ("", "0") else int(version),
        shows_initial=sends_initial or "sendInitialEvents" not in query,
        wanted=selector(resource, query.get("labelSelector", ""), query.get("fieldSelector", "")),
        timeout_s=float(timeout_s) if timeout_s > 0 else _LONGEST_S,
        has_bookmarks=is_true(query, "allowWatchBookmarks"),
        marks_initial_end=sends_initial and is_true(query, "allowWatchBookmarks"),
    )


class Change(NamedTuple):
    """What a client is told; ``event`` is the change of the store that it is made of, if any."""

    kind: str
    other: Mapping[str, Any] | None
    """The object that is shown; None: the event's, which need not be read to be known."""

    event: Event | None = None

    @property
    def object(self) -> Mapping[str, Any]:
        """Return the object that is shown, in the version in which it is stored."""
        if self.other is None and self.event is not None:
            return self.event.object
        return self.other or {}


async def watched(
    registry: Registry, resource: Resource, namespace: str | None, watch: Watch
) -> AsyncGenerator[list[Change], None]:
    """Yield the watch events that a client sees, several at once, until its time is over."""
    since = registry.version() if watch.since is None else watch.since
    if watch.since is None and watch.shows_initial:
        for some in batched(registry.rows(resource, namespace, None)):
            found = (row.object for row in some)
            yield [Change("ADDED", o) for o in found if watch.wanted is None or watch.wanted(o)]
        if watch.marks_initial_end:
            yield [_bookmark(resource, since, {_INITIAL_EVENTS_END: "true"})]
    try:
        async for changes in _changes(registry, resource, namespace, since, watch):
            yield changes
    except ApiStatusError as error:
        yield [Change("ERROR", error.body())]


async def _changes(
    registry: Registry, resource: Resource, namespace: str | None, since: int, watch: Watch
) -> AsyncGenerator[list[Change], None]:
    loop = asyncio.get_running_loop()
    clock = loop.time
    end, bookmark_at = clock() + watch.timeout_s, clock() + _BOOKMARK_EVERY_S
    with registry.subscribed(resource) as changed:
        while True:
            changed.clear()
            began = clock()
            for some in batched(registry.changes(resource, namespace, since)):
                since = some[-1].version
                if visible := _visible(some, watch.wanted):
                    yield visible
            if clock() >= end:
                return
            if clock() >= bookmark_at:
                bookmark_at = clock() + _BOOKMARK_EVERY_S
                if watch.has_bookmarks:
                    yield [_bookmark(resource, registry.version())]
            until = min(end, bookmark_at)
            alarm = loop.call_at(until, changed.set)
            try:
                await changed.wait()
                # A change after a pause is told at once, those of a rush by the handful: each write
                # to a socket costs more than what it carries.
                await asyncio.sleep(min(began + _GATHER_S, until) - clock())
            finally:
                alarm.cancel()


def batched(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield what there is in pieces that may stay in memory while a client is slow."""
    rest = iter(items)
    while some := list(islice(rest, _BATCH)):
        yield some


def _visible(events: Iterable[Event], wanted: Selector | None) -> list[Change]:
    if wanted is None:
        return [Change(event.kind, None, event) for event in events]
    told = ((seen(event, wanted), event) for event in events)
    return [Change(*what, event) for what, event in told if what is not None]


def _bookmark(
    resource: Resource, version: int, annotations: Mapping[str, str] | None = None
) -> Change:
    meta: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        meta["annotations"] = dict(annotations)
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
    return Change("BOOKMARK", obj)


def seen(event: Event, wanted: Selector) -> tuple[str, Mapping[str, Any]] | None:
    """Return what one change is to a client with that selector; None where it is nothing."""
    obj, before = event.object, event.before
    was, is_now = before is not None and wanted(before), wanted(obj)
    if event.kind == "DELETED":
        return ("DELETED", obj) if was else None
    if was and not is_now and before is not None:
        # As it was when it last belonged to the selection, under the version of its leaving.
        version = obj["metadata"]["resourceVersion"]
        meta = {**before["metadata"], "resourceVersion": version}
        return "DELETED", {**before, "metadata": meta}
    if is_now:
        return ("MODIFIED" if was else "ADDED"), obj
    return None
