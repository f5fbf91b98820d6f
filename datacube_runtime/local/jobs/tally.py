"""
Counting the attempts of a Job, from its pods and from what its status says of those that are gone.

A pod that was deleted leaves nothing to count. Kubernetes keeps it with a finalizer; here the
status is enough, because a pod is created and ``active: 1`` written in one step: where the status
says active and no pod is, an attempt has ended, no matter how. Which pod it was, where it is still
there, shows in the version of its last write: it failed after the status was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.jobs.policy import verdict_on
from datacube_runtime.local.pods.status import is_terminal
from datacube_runtime.local.pods.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    Pod = Mapping[str, Any]


@dataclass(frozen=True)
class Tally:
    """The attempts of a Job, sorted."""

    active: tuple[Pod, ...]
    terminating: int
    failed: int
    succeeded: int
    last_failure: datetime | None
    fatal: str = ""
    """Why a failed pod fails the whole Job, by its ``podFailurePolicy``."""


def is_owned_by(pod: Pod, job: Mapping[str, Any]) -> bool:
    """Tell whether the Job is the controller of the pod."""
    uid: str = job["metadata"]["uid"]
    return owner_of(pod) == uid


def owner_of(pod: Pod) -> str | None:
    """Return the uid of the Job that controls the pod."""
    owners = pod["metadata"].get("ownerReferences") or ()
    jobs = (o for o in owners if o.get("controller") and o.get("kind") == "Job")
    return next((owner["uid"] for owner in jobs), None)


def tally_of(job: Mapping[str, Any], pods: Sequence[Pod]) -> Tally:
    """Sort the pods of a Job, and count those that are gone."""
    recorded = job.get("status") or {}
    running = [pod for pod in pods if not is_terminal(pod)]
    replaced_late = _are_replaced_late(job["spec"])
    active = tuple(pod for pod in running if replaced_late or not is_being_deleted(pod))
    ending = [pod for pod in running if is_being_deleted(pod)]
    ended_badly = [pod for pod in pods if _phase(pod) == "Failed"]
    # Deleted ones are counted already, or were taken away on purpose.
    failed = [pod for pod in ended_badly if not is_being_deleted(pod)]
    counting = [pod for pod in failed if verdict_on(job, pod).counts]
    succeeded = any(_phase(pod) == "Succeeded" for pod in pods)
    has_ended = bool(recorded.get("active")) and not active and not succeeded
    latest = [pod for pod in ended_badly if _version(pod) > _version(job)]
    if has_ended and latest:
        has_ended = any(verdict_on(job, pod).counts for pod in latest)
    ends = [*map(_ended_at, failed), *map(_deleted_at, ending)]
    return Tally(
        active=active,
        terminating=len(ending),
        failed=max(recorded.get("failed", 0) + has_ended, len(counting)),
        succeeded=int(succeeded),
        last_failure=max(ends, default=None),
        fatal=next(filter(None, (verdict_on(job, pod).message for pod in ended_badly)), ""),
    )


def is_being_deleted(pod: Pod) -> bool:
    """Tell whether somebody has deleted the pod."""
    return "deletionTimestamp" in pod["metadata"]


def _are_replaced_late(spec: Mapping[str, Any]) -> bool:
    """Tell whether a deleted pod is active to its end; a ``podFailurePolicy`` asks for it."""
    return spec.get("podReplacementPolicy") == "Failed" or bool(spec.get("podFailurePolicy"))


def _version(obj: Mapping[str, Any]) -> int:
    return int(obj["metadata"].get("resourceVersion", 0))


def _phase(pod: Pod) -> str | None:
    phase: str | None = (pod.get("status") or {}).get("phase")
    return phase


def _ended_at(pod: Pod) -> datetime:
    """
    Return when a failed pod failed: its container's end, else when it ceased to be ready.

    Source: getFinishedTime in kubernetes/pkg/controller/job/backoff_utils.go
    """
    status = pod["status"]
    states = [c.get("state", {}).get("terminated") for c in status.get("containerStatuses") or ()]
    ends = [state["finishedAt"] for state in states if state and state.get("finishedAt")]
    if not ends or len(ends) < len(states):
        conditions = status.get("conditions") or ()
        unready = (c for c in conditions if (c["type"], c["status"]) == ("Ready", "False"))
        ends = [condition["lastTransitionTime"] for condition in unready]
    return moment_of(max(ends) if ends else pod["metadata"]["creationTimestamp"])


def _deleted_at(pod: Pod) -> datetime:
    """Return when a pod was deleted; the API's ``deletionTimestamp`` is when it has to be gone."""
    meta = pod["metadata"]
    grace = timedelta(seconds=meta.get("deletionGracePeriodSeconds", 0))
    return moment_of(meta["deletionTimestamp"]) - grace
