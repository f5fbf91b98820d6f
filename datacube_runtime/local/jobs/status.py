"""
What a Job's status says, in the words of Kubernetes' job controller.

Pure: each function returns the status that follows from another one. A condition that is set
already is left as it is, so that saying a thing twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.pods.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from datacube_runtime.local.jobs.tally import Tally

    Status = dict[str, Any]

_REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")


def counted(status: Status, tally: Tally) -> Status:
    """
    Write the numbers down; like Kubernetes', zeros of the first three are left out.

    No pod is ever on its way into the numbers here (see ``tally``), which Kubernetes says so.
    """
    ready = sum(is_true(pod.get("status") or {}, "Ready") for pod in tally.active)
    kept = {k: v for k, v in status.items() if k not in ("active", "failed", "succeeded")}
    counts = {"active": len(tally.active), "failed": tally.failed, "succeeded": tally.succeeded}
    shown = {name: number for name, number in counts.items() if number}
    told = {"ready": ready, "terminating": tally.terminating, "uncountedTerminatedPods": {}}
    return {**kept, **shown, **told}


def failed(status: Status, reason: str, message: str, now: datetime) -> Status:
    """Return the status of a Job that has failed for good."""
    target = with_condition(status, "FailureTarget", (reason, message), now)
    return with_condition(target, "Failed", (reason, message), now)


def completed(status: Status, now: datetime) -> Status:
    """Return the status of a Job that is complete."""
    met = with_condition(status, "SuccessCriteriaMet", _REACHED, now)
    return {**with_condition(met, "Complete", _REACHED, now), "completionTime": timestamp(now)}


def suspended(status: Status, now: datetime) -> Status:
    """Return the status of a Job whose pods are taken away: none of them counts as failed."""
    kept = {key: value for key, value in status.items() if key not in ("active", "startTime")}
    return with_condition(kept, "Suspended", ("JobSuspended", "Job suspended"), now)


def resumed(status: Status, now: datetime) -> Status:
    """Return the status of a Job that runs; its time begins anew when it was suspended before."""
    if not is_true(status, "Suspended"):
        return status
    told = with_condition(status, "Suspended", ("JobResumed", "Job resumed"), now, value="False")
    return {**told, "startTime": timestamp(now)}


def with_condition(
    status: Status, kind: str, said: tuple[str, str], now: datetime, *, value: str = "True"
) -> Status:
    """Return the status with a condition set, untouched where it is set already."""
    conditions = list(status.get("conditions") or ())
    if any(c["type"] == kind and c["status"] == value for c in conditions):
        return status
    moment = timestamp(now)
    times = {"lastProbeTime": moment, "lastTransitionTime": moment}
    new = {"type": kind, "status": value, **times, "reason": said[0], "message": said[1]}
    return {**status, "conditions": [*(c for c in conditions if c["type"] != kind), new]}


def finished_at(status: Mapping[str, Any]) -> datetime:
    """Return when a Job became Complete or Failed."""
    ends = (c for c in status["conditions"] if c["type"] in ("Complete", "Failed"))
    return moment_of(next(c["lastTransitionTime"] for c in ends if c["status"] == "True"))


def is_true(status: Mapping[str, Any], kind: str) -> bool:
    """Tell whether a condition of a Job, or of a pod, is true."""
    conditions: Iterable[Mapping[str, Any]] = status.get("conditions") or ()
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)
