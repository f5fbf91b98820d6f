"""
Objects as rows, the way ``kubectl get`` shows them: columns and cells are the server's business.

The columns of built-in kinds are those of a real server (less what nothing here can have), those
of custom resources come from ``additionalPrinterColumns``.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
and kubernetes/pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

import re
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datacube_runtime.local.registry.resources import Resource

    Object = Mapping[str, Any]
    Cell = Callable[[Object, datetime], Any]

_STEP = re.compile(
    r"""\.?(?P<field>[A-Za-z0-9_/-]+(?:\\\.[A-Za-z0-9_/-]+)*)
      | \[\?\(@\.(?P<key>\w+)\s*==\s*(?P<quote>['"])(?P<value>[^'"]*)(?P=quote)\)\]
      | \[(?P<index>\d+|\*)\]
      | \[(?P<q2>['"])(?P<name>[^'"]+)(?P=q2)\]""",
    re.VERBOSE,
)
_NAME_COLUMN = {
    "name": "Name",
    "type": "string",
    "format": "name",
    "description": "The object's name, unique in its namespace.",
    "priority": 0,
}
_AGE_COLUMN = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def table(
    resource: Resource,
    columns: Sequence[Mapping[str, Any]],
    objects: Iterable[Object],
    meta: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Return a meta.k8s.io/v1 Table; ``columns`` are those of a custom resource."""
    shown = _columns(resource, columns)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(meta),
        "columnDefinitions": [definition for definition, _ in shown],
        "rows": [
            {
                "cells": [cell(obj, now) for _, cell in shown],
                "object": metadata_only(obj),
            }
            for obj in objects
        ],
    }


def metadata_only(obj: Object) -> dict[str, Any]:
    """Return a PartialObjectMetadata."""
    kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {**kind, "metadata": obj["metadata"]}


def age(since: Any, now: datetime) -> str:
    """
    Return a time's distance from now as kubectl writes it: two units at most.

    Source: ``HumanDuration`` in k8s.io/apimachinery/pkg/util/duration
    """
    if not since:
        return "<unknown>"
    seconds = int((now - datetime.fromisoformat(str(since))).total_seconds())
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    return next(words(seconds) for below, words in _AGES if seconds < below)


def read_path(path: str, obj: Any) -> Any:
    """
    Return what a JSON path of a printer column finds; None where there is nothing.

    Fields, indices and filters by equality are known: what columns are made of in practice.
    """
    found, at = [obj], 0
    path = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        found = [value for one in found for value in _below(one, step)]
        at = step.end()
    return found[0] if found else None


def _below(value: Any, step: re.Match[str]) -> list[Any]:
    field = step["field"] or step["name"]
    if field is not None:
        below = value.get(field.replace("\\.", ".")) if isinstance(value, dict) else None
        return [] if below is None else [below]
    if not isinstance(value, list):
        return []
    if step["index"] is not None:
        return value if step["index"] == "*" else value[int(step["index"]) :][:1]
    return [v for v in value if isinstance(v, dict) and str(v.get(step["key"])) == step["value"]]


def _pair(first: int, unit: str, second: int, small_unit: str) -> str:
    return f"{first}{unit}{second}{small_unit}" if second else f"{first}{unit}"


def _columns(
    resource: Resource, custom: Sequence[Mapping[str, Any]]
) -> list[tuple[dict[str, Any], Cell]]:
    name: tuple[dict[str, Any], Cell] = (_NAME_COLUMN, _at(".metadata.name"))
    if resource.is_custom:
        return [name, *(_custom_column(column) for column in custom or [_AGE_COLUMN])]
    # A real server shows what happened, and the name of an event only in the wide table.
    first = [] if resource == resources.EVENTS else [name]
    return first + [
        ({"name": n, "type": "string", "format": "", "description": n, "priority": wide}, cell)
        for n, wide, cell in _BUILT_IN.get(resource.key, _ONLY_AGE)
    ]


def _custom_column(column: Mapping[str, Any]) -> tuple[dict[str, Any], Cell]:
    path, kind = column["jsonPath"], column["type"]
    definition = {
        "name": column["name"],
        "type": kind,
        "format": column.get("format", ""),
        "description": column.get("description")
        or f"Custom resource definition column (in JSONPath format): {path}",
        "priority": column.get("priority", 0),
    }

    def cell(obj: Object, now: datetime) -> Any:
        value = read_path(path, obj)
        return age(value, now) if kind == "date" and value is not None else value

    return definition, cell


def _age(obj: Object, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _at(path: str, otherwise: str = "") -> Cell:
    def cell(obj: Object, _now: datetime) -> Any:
        value = read_path(path, obj)
        return otherwise if value is None else value

    return cell


def _count(field: str) -> Cell:
    return lambda obj, _now: len(obj.get(field) or ())


def _ready(pod: Object, _now: datetime) -> str:
    statuses = pod.get("status", {}).get("containerStatuses", ())
    return f"{sum(bool(s.get('ready')) for s in statuses)}/{len(pod['spec']['containers'])}"


def _pod_state(pod: Object, _now: datetime) -> str:
    """Return the STATUS column: why the container waits or ended, else the phase."""
    status = pod.get("status", {})
    said = status.get("reason") or status.get("phase", "Unknown")
    for container in status.get("containerStatuses", ()):
        state = container.get("state", {})
        for kind in ("waiting", "terminated"):
            said = state.get(kind, {}).get("reason") or said
    return "Terminating" if "deletionTimestamp" in pod["metadata"] else str(said)


def _job_state(job: Object, _now: datetime) -> str:
    true = {c["type"] for c in job["status"].get("conditions", ()) if c["status"] == "True"}
    if "deletionTimestamp" in job["metadata"]:
        return "Terminating"
    return next((s for s in ("Complete", "Failed", "Suspended") if s in true), "Running")


def _completions(job: Object, _now: datetime) -> str:
    return f"{job['status'].get('succeeded', 0)}/{job['spec'].get('completions', 1)}"


def _duration(job: Object, now: datetime) -> str:
    start = job["status"].get("startTime")
    end = job["status"].get("completionTime")
    return age(start, datetime.fromisoformat(end) if end else now) if start else ""


def _last_seen(event: Object, now: datetime) -> str:
    return age(event.get("lastTimestamp") or event.get("eventTime"), now)


def _first_seen(event: Object, now: datetime) -> str:
    return age(event.get("firstTimestamp") or event.get("eventTime"), now)


def _event_source(event: Object, _now: datetime) -> str:
    source = event.get("source", {})
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host") or event.get("reportingInstance", "")
    return f"{component}, {host}" if host else component


def _event_count(event: Object, _now: datetime) -> str:
    return str(event.get("series", event).get("count") or 1)


def _involved(event: Object, _now: datetime) -> str:
    about = event.get("involvedObject", {})
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _modes(claim: Object, _now: datetime) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
    return ",".join(short.get(m, m) for m in claim.get("status", {}).get("accessModes", ()))


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
_AGES: Sequence[tuple[float, Callable[[int], str]]] = (
    (2 * _MINUTE, lambda s: f"{s}s"),
    (10 * _MINUTE, lambda s: _pair(s // _MINUTE, "m", s % _MINUTE, "s")),
    (3 * _HOUR, lambda s: f"{s // _MINUTE}m"),
    (8 * _HOUR, lambda s: _pair(s // _HOUR, "h", s % _HOUR // _MINUTE, "m")),
    (2 * _DAY, lambda s: f"{s // _HOUR}h"),
    (8 * _DAY, lambda s: _pair(s // _DAY, "d", s % _DAY // _HOUR, "h")),
    (2 * _YEAR, lambda s: f"{s // _DAY}d"),
    (8 * _YEAR, lambda s: _pair(s // _YEAR, "y", s % _YEAR // _DAY, "d")),
    (float("inf"), lambda s: f"{s // _YEAR}y"),
)
_ONLY_AGE = (("Age", 0, _age),)
_BUILT_IN: Mapping[str, Sequence[tuple[str, int, Cell]]] = MappingProxyType(
    {
        resources.NAMESPACES.key: (("Status", 0, _at(".status.phase")), *_ONLY_AGE),
        resources.PODS.key: (
            ("Ready", 0, _ready),
            ("Status", 0, _pod_state),
            ("Restarts", 0, _at(".status.containerStatuses[0].restartCount", "0")),
            *_ONLY_AGE,
            ("IP", 1, _at(".status.podIP", "<none>")),
            ("Node", 1, _at(".spec.nodeName", "<none>")),
        ),
        resources.CLAIMS.key: (
            ("Status", 0, _at(".status.phase")),
            ("Volume", 0, _at(".spec.volumeName")),
            ("Capacity", 0, _at(".status.capacity.storage")),
            ("Access Modes", 0, _modes),
            ("StorageClass", 0, _at(".spec.storageClassName")),
            *_ONLY_AGE,
        ),
        resources.SECRETS.key: (("Type", 0, _at(".type")), ("Data", 0, _count("data")), *_ONLY_AGE),
        resources.CONFIG_MAPS.key: (("Data", 0, _count("data")), *_ONLY_AGE),
        resources.EVENTS.key: (
            ("Last Seen", 0, _last_seen),
            ("Type", 0, _at(".type")),
            ("Reason", 0, _at(".reason")),
            ("Object", 0, _involved),
            ("Subobject", 1, _at(".involvedObject.fieldPath")),
            ("Source", 1, _event_source),
            ("Message", 0, _at(".message")),
            ("First Seen", 1, _first_seen),
            ("Count", 1, _event_count),
            ("Name", 1, _at(".metadata.name")),
        ),
        resources.JOBS.key: (
            ("Status", 0, _job_state),
            ("Completions", 0, _completions),
            ("Duration", 0, _duration),
            *_ONLY_AGE,
        ),
        resources.LEASES.key: (("Holder", 0, _at(".spec.holderIdentity")), *_ONLY_AGE),
        resources.DEFINITIONS.key: (("Created At", 0, _at(".metadata.creationTimestamp")),),
    }
)
