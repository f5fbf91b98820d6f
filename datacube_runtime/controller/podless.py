"""
A Job that gets no pod, or no next one: how long that is ordinary, and who says why.

Pure. Quotas, admission and a missing service account refuse pods to Kubernetes' Job controller,
which tries again by itself and tells nobody but an Event of the Job. So it is the Event that is
read, once the usual moment is over, and ever more seldom: many DataCubes may wait for one quota.

Source: SyncJob, manageJob and DefaultJobPodFailureBackOff in
kubernetes/pkg/controller/job/job_controller.go
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from datacube_runtime.controller import pods as podlike
from datacube_runtime.controller import report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacube_runtime.controller.objects import Obj

QUIET_S = 3.0
"""Most pods are there within seconds; who waits longer has a reason."""

REFUSED = "FailedCreate"
_MOST_SELDOM_S = 300.0
_FIRST_BACKOFF_S = 10.0
_LONGEST_BACKOFF_S = 600.0


def lacks_a_pod(job: Obj, pods: Sequence[Obj]) -> bool:
    """Tell whether a pod should be there, or will have to be, and is not."""
    is_held = (job.get("spec") or {}).get("suspend")
    return all(map(podlike.has_failed, pods)) and not is_held and not report.finished_condition(job)


def waits_in_vain(job: Obj, pods: Sequence[Obj], now: datetime) -> bool:
    """Tell whether a pod has been missing for so long that something must be wrong."""
    return lacks_a_pod(job, pods) and _missing_s(job, pods, now) >= _ordinary_s(pods)


def look_again_s(job: Obj, pods: Sequence[Obj], now: datetime) -> float:
    """Return when to ask again: after as long as it has been missing already."""
    return min(max(_missing_s(job, pods, now), _ordinary_s(pods)), _MOST_SELDOM_S)


def why(job: Obj, pods: Sequence[Obj], events: Iterable[Obj]) -> str:
    """Return what the newest of a Job's Events says since a pod is missing; empty without one."""
    since = _missing_since(job, pods)
    told = [(at, event) for event in events if (at := _told_at(event)) is not None]
    at, newest = max(told, key=lambda one: one[0], default=(None, {}))
    if at is None or (since is not None and at < since):
        return ""
    return f"{REFUSED}: {newest.get('message') or 'no message'}"


def _ordinary_s(pods: Sequence[Obj]) -> float:
    """Return how long the next pod may take: after each failure, twice as long as before."""
    if not pods:
        return QUIET_S
    backoff_s = _FIRST_BACKOFF_S * 2.0 ** min(len(pods) - 1, 16)
    return QUIET_S + min(backoff_s, _LONGEST_BACKOFF_S)


def _missing_s(job: Obj, pods: Sequence[Obj], now: datetime) -> float:
    since = _missing_since(job, pods)
    return 0.0 if since is None else (now - since).total_seconds()


def _missing_since(job: Obj, pods: Sequence[Obj]) -> datetime | None:
    """Return since when: its last pod ended, or it is at work (one that is resumed begins anew)."""
    began = job.get("status", {}).get("startTime") or job["metadata"].get("creationTimestamp")
    times = (began, *map(podlike.ended_at, pods))
    return max(map(datetime.fromisoformat, filter(None, times)), default=None)


def _told_at(event: Obj) -> datetime | None:
    series: dict[str, Any] = event.get("series") or {}
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    said = last or event["metadata"].get("creationTimestamp")
    return None if said is None else datetime.fromisoformat(said)
