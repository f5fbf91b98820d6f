"""
Kubernetes Events of the runner: what happened to a pod or a Job, for ``kubectl describe``.

A Recorder writes them as client-go's recorders do: what is said again becomes a count, and many
similar sayings become one. They are kept for an hour. Nothing depends on them: one that cannot be
written is dropped with a line in the log.

It knows no reasons: what is worth telling is for the one who tells.

Source: tools/record/events_cache.go and tools/events of kubernetes/client-go
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.cluster import EVENTS
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.store import NotStoredError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.local.cluster import Manifest, Objects

log = logging.getLogger(__name__)

_KEPT = timedelta(hours=1)  # the API server's --event-ttl
_SIMILAR_FOR = timedelta(minutes=10)
_SIMILAR_MAX = 10
_QUIET = timedelta(seconds=10)
"""
The kubelet looks at a waiting pod every ten seconds or so, and says each time what it waits for.
Here every change of a namespace wakes it: what is said again sooner is not worth a write.
"""
_NAME_MAX = 253 - len(".") - 16  # a name, and nanoseconds in hexadecimal
_COMBINED = "(combined from similar events): "


@dataclass(frozen=True)
class Source:
    """Who tells: a component, where it runs, and whether it uses the newer events.k8s.io shape."""

    component: str
    host: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Happening:
    """What is told."""

    reason: str
    message: str
    is_warning: bool = False
    field_path: str = ""
    """The part of the object that it is about: ``spec.containers{name}``."""
    action: str = ""
    """What was being done; only the newer shape has it."""

    @property
    def type(self) -> str:
        """Return Normal or Warning."""
        return "Warning" if self.is_warning else "Normal"


_Group = tuple[str, str, str, str, str]
"""Source, uid, field path, type, reason: all but the message."""


@dataclass
class _Series:
    """One Kubernetes Event that was written."""

    written: Manifest
    count: int
    last: datetime


@dataclass
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: datetime | None = None


class Recorder:
    """Writes Kubernetes Events; remembers those of the last hour, to count instead of repeat."""

    def __init__(self, objects: Objects, now: Callable[[], datetime]) -> None:
        self._objects, self._now = objects, now
        self._series: dict[tuple[_Group, str], _Series] = {}
        self._similar: dict[_Group, _Similar] = {}
        self._nanos = 0

    def tell(self, source: Source, about: Mapping[str, Any], happening: Happening) -> None:
        """Write down what happened to an object."""
        now = self._now()
        uid = about["metadata"]["uid"]
        group = (source.component, uid, happening.field_path, happening.type, happening.reason)
        key, message = (group, happening.message), happening.message
        if self._is_one_of_many(group, message, now):
            key, message = (group, _COMBINED), _COMBINED + message
        try:
            self._write(source, about, happening, key, message)
        except (ApiStatusError, NotStoredError) as error:
            # At INFO: a namespace that is being deleted takes none, and that is no trouble.
            log.info("A Kubernetes Event (%s) could not be written: %s", happening.reason, error)

    def sweep(self) -> None:
        """Remove what is older than an hour, whoever wrote it, as an API server does."""
        oldest = self._now() - _KEPT
        self._series = {k: s for k, s in self._series.items() if s.last > oldest}
        self._similar = {k: s for k, s in self._similar.items() if s.last and s.last > oldest}
        try:
            for event in self._objects.list(EVENTS):
                if _last_seen(event) < oldest:
                    self._objects.delete(EVENTS, event)
        except (ApiStatusError, NotStoredError) as error:
            log.warning("Old Kubernetes Events could not be removed: %s", error)

    def _is_one_of_many(self, group: _Group, message: str, now: datetime) -> bool:
        """Tell whether too many other things of this kind were said lately."""
        similar = self._similar.get(group)
        if similar is None or similar.last is None or now - similar.last > _SIMILAR_FOR:
            similar = self._similar[group] = _Similar()
        similar.last = now
        if message not in similar.messages and len(similar.messages) >= _SIMILAR_MAX:
            return True
        similar.messages.add(message)
        return False

    def _write(
        self,
        source: Source,
        about: Mapping[str, Any],
        happening: Happening,
        key: tuple[_Group, str],
        message: str,
    ) -> None:
        now, series = self._now(), self._series.get(key)
        if series is not None and key[1] != _COMBINED and now - series.last < _QUIET:
            return
        if series is not None and self._count(source, series, message):
            return
        event = self._event(source, about, happening, message)
        made = self._objects.create(EVENTS, about["metadata"]["namespace"], event)
        self._series[key] = _Series({"metadata": made["metadata"]}, 1, now)

    def _count(self, source: Source, series: _Series, message: str) -> bool:
        """Say once more what was said; return False where it has been deleted meanwhile."""
        count, now = series.count + 1, self._now()
        patch = {"message": message, **_times(source, count, now)}
        try:
            self._objects.patch(EVENTS, series.written, patch)
        except ApiStatusError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return False
        series.count, series.last = count, now
        return True

    def _event(
        self, source: Source, about: Mapping[str, Any], happening: Happening, message: str
    ) -> Manifest:
        meta, now = about["metadata"], self._now()
        self._nanos = max(self._nanos + 1, int(now.timestamp() * 1e9))
        new = {"eventTime": _micro(now)}
        old = {"firstTimestamp": timestamp(now), **_times(source, 1, now)}
        told_by = {"component": source.component, "host": source.host}
        return {
            "metadata": {
                "name": f"{meta['name'][:_NAME_MAX]}.{self._nanos:x}",
                "namespace": meta["namespace"],
            },
            "involvedObject": _reference(about, happening.field_path),
            "reason": happening.reason,
            "message": message,
            "type": happening.type,
            "source": {} if source.is_new else {k: v for k, v in told_by.items() if v},
            "reportingComponent": source.component,
            "reportingInstance": source.host,
            **(new if source.is_new else old),
            **({"action": happening.action} if happening.action else {}),
        }


def _times(source: Source, count: int, now: datetime) -> Manifest:
    """Return how often, and when last."""
    if source.is_new:
        return {"series": {"count": count, "lastObservedTime": _micro(now)}}
    return {"count": count, "lastTimestamp": timestamp(now)}


def _reference(about: Mapping[str, Any], field_path: str) -> Manifest:
    meta = about["metadata"]
    reference = {
        "kind": about["kind"],
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": meta["resourceVersion"],
    }
    return reference | ({"fieldPath": field_path} if field_path else {})


def _micro(moment: datetime) -> str:
    """Return a metav1.MicroTime."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _last_seen(event: Mapping[str, Any]) -> datetime:
    """Return when something was last said; what carries no time of its own, when it was made."""
    told = (event.get("series") or {}).get("lastObservedTime") or event.get("lastTimestamp")
    text = told or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(text)
