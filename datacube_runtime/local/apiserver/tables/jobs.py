"""
The cells of Jobs: how far one is, how long it took, which containers it runs.

Source: printJob in k8s.io/kubernetes/pkg/printers/internalversion/printers.go, FormatLabelSelector
in k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.tables.cells import age

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.apiserver.tables.cells import Cell, Object

_OVER = ("Complete", "Failed")
_UNDER_WAY = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def state(job: Object, _now: datetime) -> str:
    """Return how a Job ended, or what keeps it."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    true = {c["type"] for c in conditions if c["status"] == "True"}
    is_leaving = ("Terminating",) if "deletionTimestamp" in job["metadata"] else ()
    order = [*(s for s in _OVER if s in true), *is_leaving, *(s for s in _UNDER_WAY if s in true)]
    return order[0] if order else "Running"


def completions(job: Object, _now: datetime) -> str:
    """Return how many of how many pods succeeded."""
    done, spec = (job.get("status") or {}).get("succeeded", 0), job["spec"]
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism", 0)
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def duration(job: Object, now: datetime) -> str:
    """Return how long a Job took, or has taken so far."""
    status = job.get("status") or {}
    start, end = status.get("startTime"), status.get("completionTime")
    return age(start, datetime.fromisoformat(end) if end else now) if start else ""


def containers(field: str) -> Cell:
    """Return a cell with a field of each container."""

    def cell(job: Object, _now: datetime) -> str:
        pod = (job["spec"].get("template") or {}).get("spec") or {}
        return ",".join(container.get(field, "") for container in pod.get("containers") or ())

    return cell


def selector(job: Object, _now: datetime) -> str:
    """Return by which labels a Job knows its pods."""
    said = job["spec"].get("selector") or {}
    return ",".join(text for _, text in sorted(_requirements(said))) or "<none>"


def _requirements(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in (said.get("matchLabels") or {}).items():
        yield key, f"{key}={value}"
    for wanted in said.get("matchExpressions") or ():
        key, values = wanted["key"], ",".join(sorted(wanted.get("values") or ()))
        words = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        yield key, words[wanted["operator"]]
