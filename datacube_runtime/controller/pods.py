"""
What a pod says about itself: whether it ever ran, what it waits for, how it ended.

Pure, and blunt: only fields that Kubernetes defines are read, no text is searched for words. The
transfer's own last words (``datacube_api.termination``) count for more than what the kubelet saw
from outside, except where the kubelet itself ended the pod.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.naming import CONTAINER
from datacube_api.reasons import Reason
from datacube_api.termination import Termination, read_termination
from datacube_runtime.controller.objects import is_being_deleted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacube_runtime.controller.objects import Obj

DELETED = "was deleted before it ended"
"""What is said of a pod that somebody deleted, after its name."""

TERMINATING = "Terminating"
"""The status of a pod that somebody deletes, and that has not ended yet."""

_FINISHED = ("Succeeded", "Failed")
_ORDINARY = ("Completed", "Error")


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed."""

    reason: Reason
    message: str


def is_finished(pod: Obj) -> bool:
    """Tell whether the attempt is over."""
    return _phase(pod) in _FINISHED


def has_failed(pod: Obj) -> bool:
    """Tell whether the attempt is over and was in vain."""
    return _phase(pod) == "Failed"


def ended_at(pod: Obj) -> str:
    """Return when the attempt was over, as far as the pod says; empty where it does not."""
    return str(_terminated(pod).get("finishedAt") or "")


def newest(pods: Iterable[Obj]) -> Obj | None:
    """
    Return the pod of the latest attempt.

    Creation times are whole seconds: of two equal ones, the attempt that is not over is the later.
    """
    return max(pods, key=_age, default=None)


def has_started(pod: Obj) -> bool:
    """
    Tell whether the transfer in the pod was ever running.

    Of a pod that was ended while it waited for its start, the kubelet says that nobody knows how it
    ended, and no longer what it waited for; our own condition, which does, must not be overwritten.

    Source: TerminatePod in kubernetes/pkg/kubelet/status/status_manager.go
    """
    if _phase(pod) in ("Running", "Succeeded"):
        return True
    states = [status.get("state") or {} for status in _container_statuses(pod)]
    return any("running" in s or _has_run(s.get("terminated")) for s in states)


def _has_run(ended: Mapping[str, Any] | None) -> bool:
    if ended is None:
        return False
    return ended.get("reason") != "ContainerStatusUnknown" or bool(ended.get("startedAt"))


def status_word(pod: Obj) -> str:
    """
    Return the word that ``kubectl get pods`` shows as STATUS.

    Source: printPod in kubernetes/pkg/printers/internalversion/printers.go; the pod's own reason
    (``DeadlineExceeded``, ``Evicted``) goes before its container's here, since it says why.
    """
    if is_being_deleted(pod) and not is_finished(pod):
        return TERMINATING
    if reason := pod.get("status", {}).get("reason"):
        return str(reason)
    for status in _container_statuses(pod):
        state = status.get("state") or {}
        for word in ("waiting", "terminated"):
            if reason := (state.get(word) or {}).get("reason"):
                return str(reason)
    return _phase(pod)


def summary(pod: Obj) -> dict[str, Any]:
    """Return ``status.pod`` of the contract."""
    meta = pod["metadata"]
    return {
        "reference": {"name": meta["name"], "uid": meta["uid"]},
        "phase": _phase(pod),
        "status": status_word(pod),
    }


def trouble(pod: Obj) -> str:
    """Return what keeps a pod from running, as Kubernetes says it; empty where it does not say."""
    for status in _all_container_statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return _joined(waiting)
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return _joined(condition)
    return ""


def success(pod: Obj) -> Termination | None:
    """Return the last words of a transfer that succeeded; None where they are not ours."""
    said = read_termination(_terminated(pod).get("message"))
    return said if said is not None and said.reason is Reason.TRANSFER_SUCCEEDED else None


def failure(pod: Obj) -> Failure:
    """Return why an attempt failed: its last words, or what the kubelet says about its end."""
    ended = _terminated(pod)
    said = read_termination(ended.get("message"))
    if said is not None and said.reason not in (Reason.TRANSFER_SUCCEEDED, Reason.CANCELLED):
        return Failure(said.reason, said.message + _remark(ended))
    if pod.get("status", {}).get("reason") == Reason.DEADLINE_EXCEEDED:
        return Failure(Reason.DEADLINE_EXCEEDED, _past_deadline(pod))
    if pod.get("status", {}).get("reason"):
        return Failure(Reason.POD_FAILED, f"pod {_name(pod)}: {_joined(pod['status'])}")
    if ended_by := taken(pod):
        return Failure(Reason.CANCELLED, f"pod {_name(pod)} {ended_by}")
    if said is not None and said.reason is Reason.CANCELLED:
        return Failure(Reason.CANCELLED, said.message)
    return Failure(Reason.POD_FAILED, f"pod {_name(pod)}: {_exit(ended)}")


def taken(pod: Obj) -> str:
    """
    Return who ends a pod before its time, in words that follow its name; empty where nobody does.

    The cluster says why in a condition (preemption, a drained node, a node that vanished); somebody
    who deletes a pod leaves no word. The pod of a lost node stays until the node comes back or is
    removed, and the attempt with it: until then nobody knows that it does not write any more.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
    """
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return f"is taken away by the cluster: {_joined(condition)}"
    return DELETED if is_being_deleted(pod) else ""


def _past_deadline(pod: Obj) -> str:
    limit = pod.get("spec", {}).get("activeDeadlineSeconds", "unknown")
    text = f"the attempt took longer than spec.executor.options.activeDeadlineSeconds ({limit})"
    waited_for = "" if has_started(pod) else trouble(pod)
    return f"{text}, waiting for its start: {waited_for}" if waited_for else text


def _remark(ended: Mapping[str, Any]) -> str:
    """Return what the kubelet adds to the transfer's own words, such as OOMKilled."""
    reason = ended.get("reason")
    return f" ({reason})" if reason and reason not in _ORDINARY else ""


def _exit(ended: Mapping[str, Any]) -> str:
    if not ended:
        return "failed before the transfer started"
    return f"{ended.get('reason') or 'Error'}, exit code {ended.get('exitCode', 'unknown')}"


def _joined(said: Mapping[str, Any]) -> str:
    """Return ``reason: message``, or the one of the two that is there."""
    return ": ".join(part for part in (said.get("reason"), said.get("message")) if part)


def _age(pod: Obj) -> tuple[str, bool, str, str]:
    created = pod["metadata"].get("creationTimestamp") or ""
    return created, not is_finished(pod), ended_at(pod), _name(pod)


def _name(pod: Obj) -> str:
    return str(pod["metadata"]["name"])


def _phase(pod: Obj) -> str:
    return str(pod.get("status", {}).get("phase") or "Pending")


def _container_statuses(pod: Obj) -> Iterator[Mapping[str, Any]]:
    """Yield the status of our container; others may have been put beside it by the cluster."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if status.get("name") == CONTAINER:
            yield status


def _all_container_statuses(pod: Obj) -> Iterator[Mapping[str, Any]]:
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _terminated(pod: Obj) -> Mapping[str, Any]:
    ended = ((status.get("state") or {}).get("terminated") for status in _container_statuses(pod))
    return next((end for end in ended if end), {})
