"""
A Job that gets no pod: how long that is ordinary, and who says why.

Pure. Quotas, admission and a missing service account refuse pods to Kubernetes' Job controller,
which tries again by itself and tells nobody but an Event of the Job. So it is the Event that is
read, once the usual moment is over, and ever more seldom: many DataCubes may wait for one quota.

Source: SyncJob and manageJob in kubernetes/pkg/controller/job/job_controller.go
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from datacube_runtime.controller import report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacube_runtime.controller.objects import Obj

QUIET_S = 3.0
"""Most pods are there within seconds; who waits longer has a reason."""

REFUSED = "FailedCreate"
_MOST_SELDOM_S = 300.0


def lacks_a_pod(job: Obj, pods: Sequence[Obj]) -> bool:
    """Tell whether a pod should be there and is not."""
    is_held = (job.get("spec") or {}).get("suspend")
    return not pods and not is_held and not report.finished_condition(job)


def waits_in_vain(job: Obj, pods: Sequence[Obj], now: datetime) -> bool:
    """Tell whether a pod has been missing for so long that something must be wrong."""
    return lacks_a_pod(job, pods) and _age_s(job, now) >= QUIET_S


def look_again_s(job: Obj, now: datetime) -> float:
    """Return when to ask again: after as long as it has waited already."""
    return min(max(_age_s(job, now), QUIET_S), _MOST_SELDOM_S)


def why(events: Iterable[Obj]) -> str:
    """Return what the newest of a Job's Events says; empty where there is none."""
    newest = max(events, key=_told_at, default=None)
    return f"{REFUSED}: {newest.get('message') or 'no message'}" if newest else ""


def _age_s(job: Obj, now: datetime) -> float:
    """Return how long it has been at work: a Job that is resumed begins anew."""
    began = job.get("status", {}).get("startTime") or job["metadata"].get("creationTimestamp")
    return 0.0 if began is None else (now - datetime.fromisoformat(began)).total_seconds()


def _told_at(event: Obj) -> str:
    series: dict[str, Any] = event.get("series") or {}
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(last or event["metadata"].get("creationTimestamp") or "")
