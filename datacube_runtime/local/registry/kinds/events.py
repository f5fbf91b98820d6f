"""
Events: what one is about stands in its own namespace; one in new words says who reports.

An event in the new words is one with an ``eventTime``. Whoever speaks ``events.k8s.io/v1`` has to
use them, may not change what was said, and is refused in the names of core/v1 all the same, but for
one field.

Source: k8s.io/kubernetes/pkg/apis/core/validation/events.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import NOT_SHOWN, required, wrong
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.metadata.labels import label_key_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write

    Event = Mapping[str, Any]

_LENGTHS = (("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024))
_OUTSIDE_ALL = frozenset({"default", "kube-system"})
"""Where events stand that are about something without a namespace."""

_TYPES = ("Normal", "Warning")
_DEPRECATED = ("firstTimestamp", "lastTimestamp", "count", "source")
_FIXED = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count",
    "reason", "type", "eventTime", "action", "related", "reportingComponent", "reportingInstance",
)  # fmt: skip
"""In the order, and as often, as a real server looks at them."""

_REFERENCES = ("involvedObject", "related")
_REFERENCE = ("Kind", "Namespace", "Name", "UID", "APIVersion", "ResourceVersion", "FieldPath")


def _event_problems(new: dict[str, Any], old: dict[str, Any] | None, write: Write) -> list[Cause]:
    reporter = "reportingController" if write.version else "reportingComponent"
    found = [*(_new_problems(new, reporter) if new.get("eventTime") else _old_problems(new))]
    if not write.version:
        return found
    more = _begun_problems(new) if old is None else _changed_problems(new, old, reporter)
    return [*found, *more]


def _old_problems(event: Event) -> Iterator[Cause]:
    about, namespace = _namespace_of_object(event), event["metadata"].get("namespace", "")
    if about != namespace and (about or namespace != "default"):
        yield _elsewhere(about)


def _new_problems(event: Event, reporter: str) -> Iterator[Cause]:
    about, namespace = _namespace_of_object(event), event["metadata"].get("namespace", "")
    if not about and namespace not in _OUTSIDE_ALL:
        yield _elsewhere(about)
    component = event.get("reportingComponent", "")
    if not component:
        yield required(reporter)
    for problem in label_key_problems(component):
        yield wrong(reporter, component, problem)
    for field, most in _LENGTHS:
        said = event.get(field, "")
        if not said and field != "message":
            yield required(field)
        if len(said.encode()) > most:
            yield wrong(field, "", f"can have at most {most} characters")


def _begun_problems(event: Event) -> Iterator[Cause]:
    """Yield what is wrong with an event that begins in the new version."""
    yield from _series_problems(event)
    if not event.get("eventTime"):
        yield required("eventTime")
    if (kind := event.get("type", "")) not in _TYPES:
        yield wrong("type", "", f"has invalid value: {kind}")
    for field in _DEPRECATED:
        if event.get(field):
            yield wrong(field, "", "needs to be unset")


def _changed_problems(new: Event, old: Event, reporter: str) -> Iterator[Cause]:
    """Yield what the new version does not let change: all but the series, and metadata."""
    if new.get("series") != old.get("series"):
        yield from _series_problems(new)
    for field in _FIXED:
        if new.get(field) != old.get(field):
            name = reporter if field == "reportingComponent" else field
            yield _changed(name, new.get(field), is_reference=field in _REFERENCES)


def _changed(field: str, value: Any, *, is_reference: bool) -> Cause:
    """Say that a field may not change; a reference is shown by the names of its struct in Go."""
    why = "field is immutable"
    if not is_reference or value is None:
        return wrong(field, value, why)
    said = {name.lower(): text for name, text in value.items()}
    shown = {name: said.get(name.lower(), "") for name in _REFERENCE}
    return wrong(field, NOT_SHOWN, f"{json.dumps(shown, separators=(',', ':'))}: {why}")


def _series_problems(event: Event) -> Iterator[Cause]:
    if (series := event.get("series")) is None:
        return
    if series.get("count", 0) < 2:  # noqa: PLR2004 - once is no series
        yield wrong("series.count", "", "should be at least 2")
    if not series.get("lastObservedTime"):
        yield required("series.lastObservedTime")


def _namespace_of_object(event: Event) -> str:
    return str((event.get("involvedObject") or {}).get("namespace", ""))


def _elsewhere(about: str) -> Cause:
    return wrong("involvedObject.namespace", about, "does not match event.namespace")


EVENT_KIND = Kind(more_problems=_event_problems)
