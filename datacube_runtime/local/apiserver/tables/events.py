"""
The cells of Events: whom one is about, who told it, how often and when.

Source: printEvent in k8s.io/kubernetes/pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.tables.cells import age

if TYPE_CHECKING:
    from datetime import datetime

    from datacube_runtime.local.apiserver.tables.cells import Object


def last_seen(event: Object, now: datetime) -> str:
    """Return when it happened last; where it happened once, when that was."""
    if series := event.get("series"):
        return age(series.get("lastObservedTime"), now)
    last = event.get("lastTimestamp")
    return age(last, now) if last else first_seen(event, now)


def first_seen(event: Object, now: datetime) -> str:
    """Return when it happened first."""
    return age(event.get("firstTimestamp") or event.get("eventTime"), now)


def source(event: Object, _now: datetime) -> str:
    """Return who told it, and where."""
    said = event.get("source") or {}
    component = said.get("component") or event.get("reportingComponent", "")
    host = said.get("host") or event.get("reportingInstance", "")
    return f"{component}, {host}" if host else component


def count(event: Object, _now: datetime) -> int:
    """Return how often it happened."""
    if series := event.get("series"):
        return int(series.get("count", 0))
    return int(event.get("count") or 1)


def about(event: Object, _now: datetime) -> str:
    """Return whom it is about."""
    said = event.get("involvedObject") or {}
    kind, name = said.get("kind", "").lower(), said.get("name", "")
    return f"{kind}/{name}" if name else kind


def message(event: Object, _now: datetime) -> str:
    """Return what is said of it."""
    return str(event.get("message", "")).strip()
