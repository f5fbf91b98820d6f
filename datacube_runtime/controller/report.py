"""
From what the Job and its pods say to the status of the DataCube, in the contract's words.

Pure. A status grows out of the one before: what is not ours to say is kept, an attempt that ran
is not forgotten when its pod is, and saying the same again changes nothing, not even a time. At the
end all three conditions are there, as the platform's own controller writes them.

Source: "Conditions" in the contract.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from datacube_api.conditions import with_condition
from datacube_api.reasons import Reason
from datacube_api.status import ConditionType, evaluate
from datacube_runtime.controller import pods as podlike

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.controller.objects import Obj

Status: TypeAlias = dict[str, Any]

_INITIALIZED = "The DataCube is initialized"
_COMPLETE = "The DataCube is complete"
_USUAL = ("ContainerCreating", "PodInitializing")


def has_been_initialized(status: Mapping[str, Any]) -> bool:
    """Tell whether an attempt was ever seen running."""
    conditions = status.get("conditions") or ()
    return any(
        c.get("type") == ConditionType.INITIALIZED and c.get("status") == "True" for c in conditions
    )


def waiting(status: Mapping[str, Any], reason: Reason, message: str, now: datetime) -> Status:
    """Return the status of a DataCube whose first attempt does not run yet, and why."""
    if has_been_initialized(status):
        return dict(status)
    return _with(
        status, ConditionType.INITIALIZED, is_true=False, reason=reason, message=message, now=now
    )


def suspended(status: Mapping[str, Any], message: str, now: datetime) -> Status:
    """Return the status of a DataCube that somebody holds back, even if it was running."""
    reason = Reason.SUSPENDED
    return _with(
        status, ConditionType.INITIALIZED, is_true=False, reason=reason, message=message, now=now
    )


def stopped(
    status: Mapping[str, Any], job: Obj, pods: Sequence[Obj], message: str, now: datetime
) -> Status:
    """Return the status of one that is held back after its start: what is seen of it, no more."""
    return suspended(_facts(status, job, pods), message, now)


def failed(status: Mapping[str, Any], reason: Reason, message: str, now: datetime) -> Status:
    """Return the status of a DataCube that failed for good."""
    known = {c.get("type") for c in status.get("conditions") or ()}
    told = dict(status)
    if ConditionType.INITIALIZED not in known:  # else it says what was waited for: that stays
        told = waiting(told, reason, message, now)
    told = _with(told, ConditionType.COMPLETE, is_true=False, reason=reason, message="", now=now)
    return _with(told, ConditionType.FAILED, is_true=True, reason=reason, message=message, now=now)


def observed(
    status: Mapping[str, Any], job: Obj, pods: Sequence[Obj], now: datetime, refused: str = ""
) -> Status:
    """Return the status that follows from the Job and those of its pods that are still there."""
    told = _facts(status, job, pods)
    pod = podlike.newest(pods)
    done = finished_condition(job)
    if done and done["type"] == "Complete":
        return _complete(told, job, pods, now)
    if any(map(podlike.has_started, pods)) or (not pods and has_been_initialized(told)):
        told = _initialized(told, now, _remark(job, pod, refused))
    if done:
        return _failed(told, job, pods, now)
    if pod is None or (refused and podlike.is_finished(pod)):
        return waiting(told, Reason.POD_PENDING, _podless(job, pod, refused), now)
    if podlike.is_finished(pod):
        return told  # given up before its start: what it waited for has been said, and is gone
    ending = podlike.taken(pod)
    trouble = f"it {ending}" if ending else podlike.trouble(pod)
    message = f"pod {_name(pod)} is pending" + (f": {trouble}" if trouble else "")
    return waiting(told, Reason.POD_PENDING, message, now)


def has_trouble(message: str) -> bool:
    """Tell whether a message of ``observed`` names more than the usual steps of a pod's start."""
    said = message.partition(" is pending: ")[2]
    return bool(said) and said.partition(":")[0] not in _USUAL


def waits_since(status: Mapping[str, Any], now: datetime) -> datetime:
    """Return since when a DataCube has not begun, by its status; now, where that does not say."""
    conditions = status.get("conditions") or ()
    times = {c.get("type"): c.get("lastTransitionTime") for c in conditions}
    since = times.get(ConditionType.INITIALIZED)
    return now if since is None else datetime.fromisoformat(since)


def ended_at(status: Mapping[str, Any]) -> datetime | None:
    """Return when a DataCube ended, as far as its status says."""
    ends = (c for c in status.get("conditions") or () if c.get("status") == "True")
    times = {c.get("type"): c.get("lastTransitionTime") for c in ends}
    known = status.get("completionTime"), times.get("Failed"), times.get("Complete")
    text = next(filter(None, known), None)
    return None if text is None else datetime.fromisoformat(text)


def is_conclusive(job: Obj, pods: Sequence[Obj]) -> bool:
    """
    Tell whether what is known of the pods is as new as what is known of the Job.

    Jobs and pods are watched side by side, so the Job's end may be seen before its last pod's. The
    end is written once; it must not be written without the transfer's last words.
    """
    if not finished_condition(job):
        return True
    counts = job.get("status", {})
    ended = int(counts.get("succeeded") or 0) + int(counts.get("failed") or 0)
    return sum(map(podlike.is_finished, pods)) >= max(1, ended)


def finished_condition(job: Obj) -> Mapping[str, Any] | None:
    """
    Return the condition that ended a Job; None while it may still go on.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
    """
    conditions = job.get("status", {}).get("conditions") or ()
    return next(
        (c for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True"),
        None,
    )


def _facts(status: Mapping[str, Any], job: Obj, pods: Sequence[Obj]) -> Status:
    told = dict(status)
    if (pod := podlike.newest(pods)) is not None:
        told["pod"] = podlike.summary(pod)
    if attempts := max(_attempts(job), len(pods), int(told.get("attempts") or 0)):
        told["attempts"] = attempts
    if started := job.get("status", {}).get("startTime"):
        told["startTime"] = started
    return told


def _attempts(job: Obj) -> int:
    counts = job.get("status", {})
    return sum(int(counts.get(word) or 0) for word in ("active", "succeeded", "failed"))


def _podless(job: Obj, last: Obj | None, refused: str) -> str:
    """Return that there is no pod, or none after the last one, and who refuses it."""
    lacks = f"Job {_name(job)} has no pod yet"
    if last is not None:
        lacks += f" for another attempt after {_name(last)}"
    return f"{lacks}: {refused}" if refused else lacks


def _remark(job: Obj, pod: Obj | None, refused: str) -> str:
    """Return what comes of an attempt whose pod is taken away, or what keeps the next one off."""
    if pod is None or podlike.is_finished(pod):
        return f"; {_podless(job, pod, refused)}" if refused else ""
    if not (why := podlike.taken(pod)):
        return ""
    return f"; pod {_name(pod)} {why}; the attempt is lost when the pod is gone"


def _initialized(status: Mapping[str, Any], now: datetime, remark: str = "") -> Status:
    reason = Reason.TRANSFER_STARTED
    return _with(
        status,
        ConditionType.INITIALIZED,
        is_true=True,
        reason=reason,
        message=_INITIALIZED + remark,
        now=now,
    )


def _complete(status: Mapping[str, Any], job: Obj, pods: Sequence[Obj], now: datetime) -> Status:
    said = next(filter(None, map(podlike.success, pods)), None)
    reason = Reason.TRANSFER_SUCCEEDED
    message = (said and said.message) or _COMPLETE
    told = _initialized(status, now)
    told = _with(
        told, ConditionType.COMPLETE, is_true=True, reason=reason, message=message, now=now
    )
    # No reason, as in the contract: `kubectl get` shows it in a column of failures.
    told = _with(told, ConditionType.FAILED, is_true=False, reason="", message="", now=now)
    if said is not None and said.result:
        told["result"] = dict(said.result)
    if ended := job["status"].get("completionTime"):
        told["completionTime"] = ended
    return told


def _failed(status: Mapping[str, Any], job: Obj, pods: Sequence[Obj], now: datetime) -> Status:
    condition = finished_condition(job) or {}
    pod = podlike.newest(pod for pod in pods if podlike.is_finished(pod))
    why = podlike.failure(pod) if pod is not None else _without_a_pod(status, job, condition)
    attempts = int(status.get("attempts") or 0)
    message = f"after {attempts} attempts: {why.message}" if attempts > 1 else why.message
    told = failed(status, why.reason, message, now)
    if ended := condition.get("lastTransitionTime"):
        told["completionTime"] = ended
    return told


def _without_a_pod(
    status: Mapping[str, Any], job: Obj, condition: Mapping[str, Any]
) -> podlike.Failure:
    """Return why the last attempt failed, whose pod is gone: what was seen of it, or nothing."""
    pod = status.get("pod") or {}
    if pod.get("status") == podlike.TERMINATING:
        name = pod["reference"]["name"]
        return podlike.Failure(Reason.CANCELLED, f"pod {name} {podlike.DELETED}")
    said = condition.get("message") or condition.get("reason") or "no reason given"
    return podlike.Failure(Reason.BACKOFF_LIMIT_EXCEEDED, f"Job {_name(job)} failed: {said}")


def _with(  # noqa: PLR0913 - the fields of a condition, and when
    status: Mapping[str, Any],
    kind: ConditionType,
    *,
    is_true: bool,
    reason: str,
    message: str,
    now: datetime,
) -> Status:
    old = status.get("conditions") or ()
    new = with_condition(old, kind, is_true=is_true, reason=reason, message=message, now=now)
    told = {**status, "conditions": new}
    return {**told, "phase": str(evaluate(told).phase)}


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])
