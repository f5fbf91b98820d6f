"""
What a Job needs next, as Kubernetes' own job controller decides it for one pod at a time.

Pure: the same job, pods and time give the same plan, and nothing is remembered in between, so a
cluster that was killed goes on where it stood.

Jobs of several pods (``parallelism``, ``completions``, Indexed) are refused, not run as something
else; so is a Job whose pods could not be run, instead of trying them one after the other.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/ and
pkg/controller/{job,ttlafterfinished} of kubernetes/kubernetes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.jobs.status import (
    completed,
    counted,
    failed,
    finished_at,
    is_true,
    resumed,
    suspended,
    with_condition,
)
from datacube_runtime.local.jobs.tally import is_being_deleted, tally_of
from datacube_runtime.local.pods.spec import unsupported
from datacube_runtime.local.pods.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from datacube_runtime.local.jobs.tally import Tally

    Pod = Mapping[str, Any]
    Status = dict[str, Any]

_OURSELVES = "kubernetes.io/job-controller"
_BACKOFF_LIMIT = 6
_LIMIT_REACHED = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_EXPIRED = ("DeadlineExceeded", "Job was active longer than specified deadline")
_SEVERAL = "the embedded cluster runs Jobs of one pod"


@dataclass(frozen=True)
class Backoff:
    """
    How long to wait after the n-th failure: ``base_s``, twice that, …, at most ``cap_s``.

    The defaults are DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff of Kubernetes 1.36.
    """

    base_s: float = 10.0
    cap_s: float = 600.0

    def delay_s(self, failures: int) -> float:
        """Return the seconds between a failure and the next attempt."""
        doublings = min(max(failures - 1, 0), 32)  # far past any cap; keeps the number a float
        return min(self.base_s * 2.0**doublings, self.cap_s)


@dataclass(frozen=True)
class JobPlan:
    """
    What to do: first delete, then create, then write the status; and when to look again.

    ``remove`` asks to delete the Job itself, last of all.
    """

    status: Status
    delete: tuple[Pod, ...] = ()
    create: bool = False
    again_in_s: float | None = None
    remove: bool = False


def plan_job(
    job: Mapping[str, Any], pods: Sequence[Pod], now: datetime, backoff: Backoff
) -> JobPlan:
    """Compare what the Job asks for with the pods that it owns."""
    status: Status = dict(job.get("status") or {})
    if is_true(status, "Complete") or is_true(status, "Failed"):
        return _keep(job, status, now)
    if job["spec"].get("managedBy", _OURSELVES) != _OURSELVES:
        return JobPlan(status)  # another controller says how it fares
    return _go_on(job, status, pods, now, backoff)


def _go_on(
    job: Mapping[str, Any], status: Status, pods: Sequence[Pod], now: datetime, backoff: Backoff
) -> JobPlan:
    """Plan for a Job that has not ended."""
    tally = tally_of(job, pods)
    if job["spec"].get("suspend"):
        return JobPlan(suspended(counted(status, tally), now), delete=tally.active)
    if problem := _unsupported(job["spec"]):
        return _end(counted(status, tally), ("UnsupportedJob", problem), tally, now)
    status = counted(resumed({"startTime": timestamp(now), **status}, now), tally)
    if tally.succeeded:
        return JobPlan(completed(status, now))
    left_s = _left_s(status, job["spec"], now)
    if failure := _failure(job, tally, left_s):
        return _end(status, failure, tally, now)
    pause_s = _pause_s(job, tally, now, backoff)
    create = pause_s is not None and pause_s <= 0
    waits = [seconds for seconds in (left_s, None if create else pause_s) if seconds is not None]
    asked = {"active": 1} if create else {}
    return JobPlan({**status, **asked}, create=create, again_in_s=min(waits, default=None))


def _keep(job: Mapping[str, Any], status: Status, now: datetime) -> JobPlan:
    """Leave a finished Job alone, until ``ttlSecondsAfterFinished`` have passed."""
    kept_s = job["spec"].get("ttlSecondsAfterFinished")
    if kept_s is None or _is_going(job):
        return JobPlan(status)
    left_s = kept_s - (now - finished_at(status)).total_seconds()
    return JobPlan(status, again_in_s=left_s) if left_s > 0 else JobPlan(status, remove=True)


def pod_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pod of the next attempt."""
    meta, template = job["metadata"], job["spec"]["template"]
    described = template.get("metadata") or {}
    own = {key: dict(described[key]) for key in ("labels", "annotations") if described.get(key)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            **own,
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": meta["name"],
                    "uid": meta["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": template["spec"],
    }


def _pause_s(job: Mapping[str, Any], tally: Tally, now: datetime, backoff: Backoff) -> float | None:
    """
    Return the seconds until the next attempt; None where there is to be none now.

    A failed pod that is gone took the time of its failure with it: then nothing is waited for.
    """
    if tally.active or job["spec"].get("parallelism") == 0 or _is_going(job):
        return None
    if tally.last_failure is None:
        return 0.0
    return backoff.delay_s(tally.failed) - (now - tally.last_failure).total_seconds()


def _failure(job: Mapping[str, Any], tally: Tally, left_s: float | None) -> tuple[str, str] | None:
    """Return why the Job has failed (an earlier verdict stays), or None."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    for condition in conditions:
        if condition["type"] == "FailureTarget" and condition["status"] == "True":
            return condition["reason"], condition["message"]
    if tally.fatal:
        return "PodFailurePolicy", tally.fatal
    if tally.failed > job["spec"].get("backoffLimit", _BACKOFF_LIMIT):
        return _LIMIT_REACHED
    if left_s is not None and left_s <= 0:
        return _EXPIRED
    return None


def _end(status: Status, failure: tuple[str, str], tally: Tally, now: datetime) -> JobPlan:
    """Fail the Job, but say so only when none of its pods runs any more."""
    if tally.active or tally.terminating:
        target = with_condition(status, "FailureTarget", failure, now)
        active = tuple(pod for pod in tally.active if not is_being_deleted(pod))
        return JobPlan(target, delete=active)
    return JobPlan(failed(status, *failure, now))


def _unsupported(spec: Mapping[str, Any]) -> str | None:
    """Return why the Job cannot be run here, opening with the field; None where it can."""
    for field in ("parallelism", "completions"):
        if (spec.get(field) or 1) > 1:
            return f"spec.{field}: {spec[field]}: {_SEVERAL}"
    if (mode := spec.get("completionMode", "NonIndexed")) != "NonIndexed":
        return f"spec.completionMode: {mode}: {_SEVERAL}"
    problem = unsupported(spec["template"])
    return f"spec.template.{problem}" if problem else None


def _is_going(job: Mapping[str, Any]) -> bool:
    """Tell whether somebody has deleted the Job: it gets no new pods then."""
    return "deletionTimestamp" in job["metadata"]


def _left_s(status: Status, spec: Mapping[str, Any], now: datetime) -> float | None:
    """Return the seconds until the Job's own deadline; None without one."""
    allowed = spec.get("activeDeadlineSeconds")
    if allowed is None:
        return None
    return float(allowed - (now - moment_of(status["startTime"])).total_seconds())
