"""
What a pod's status says, in the kubelet's own words and shapes.

Pure: each function returns the whole status that a pod should have now, made of the one it has and
of what was seen. Times of conditions move only when a condition does, so saying a thing twice
changes nothing.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and
pkg/kubelet/status/generate.go of kubernetes/kubernetes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.pods.spec import container_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    Status = dict[str, Any]

_IP = "127.0.0.1"
TERMINAL = ("Succeeded", "Failed")
EXPIRED = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


@dataclass(frozen=True)
class End:
    """How a container ended."""

    exit_code: int
    started_at: datetime | None
    message: str = ""
    reason: str = ""
    """Empty: what the exit code says, Completed or Error."""


def is_terminal(pod: Mapping[str, Any]) -> bool:
    """Tell whether the pod cannot change any more."""
    return (pod.get("status") or {}).get("phase") in TERMINAL


def unschedulable(pod: Mapping[str, Any], message: str, now: datetime) -> Status:
    """Return the status of a pod that has no place to run yet."""
    wanted = {"PodScheduled": ("False", "Unschedulable", message)}
    old = pod.get("status") or {}
    return {**old, "phase": "Pending", "conditions": _conditions(old, wanted, now)}


def waiting(pod: Mapping[str, Any], reason: str, message: str, now: datetime) -> Status:
    """Return the status of a pod whose container cannot be started yet."""
    state = {"waiting": {"reason": reason} | ({"message": message} if message else {})}
    return _status(pod, "Pending", state, _unready(pod), now)


def running(pod: Mapping[str, Any], pid: int, now: datetime) -> Status:
    """Return the status of a pod whose process has just been started."""
    ready = dict.fromkeys(("Initialized", "Ready", "ContainersReady", "PodScheduled"), ("True",))
    status = _status(pod, "Running", {"running": {"startedAt": timestamp(now)}}, ready, now)
    status["containerStatuses"][0] |= {
        "ready": True,
        "started": True,
        "containerID": f"process://{pid}",
    }
    return status


def ended(pod: Mapping[str, Any], end: End, now: datetime) -> Status:
    """Return the status of a pod whose container ended."""
    reason = end.reason or ("Error" if end.exit_code else "Completed")
    terminated: Status = {"exitCode": end.exit_code, "reason": reason}
    # The kubelet writes the zero time for a container that never ran.
    began = timestamp(end.started_at) if end.started_at else "1970-01-01T00:00:00Z"
    terminated |= {"startedAt": began, "finishedAt": timestamp(now)}
    if end.message:
        terminated["message"] = end.message
    old = _container_status(pod)
    if "containerID" in old:
        terminated["containerID"] = old["containerID"]
    phase = "Failed" if end.exit_code else "Succeeded"
    return _status(pod, phase, {"terminated": terminated}, _done(phase), now)


def expired(status: Mapping[str, Any]) -> Status:
    """Return the status of the same pod, ended because its ``activeDeadlineSeconds`` passed."""
    reason, message = EXPIRED
    return {**status, "phase": "Failed", "reason": reason, "message": message}


def failed(pod: Mapping[str, Any], reason: str, message: str, now: datetime) -> Status:
    """Return the status of a pod that failed before its container ran; what it waited for stays."""
    state = _container_status(pod).get("state") or {"waiting": {"reason": "ContainerCreating"}}
    status = _status(pod, "Failed", state, _done("Failed"), now)
    return {**status, "reason": reason, "message": message}


def lost(pod: Mapping[str, Any], message: str, now: datetime) -> Status:
    """
    Return the status of a pod whose process was lost: how it would have ended is unknown.

    The container says so in the kubelet's words, ContainerStatusUnknown.
    """
    before = (_container_status(pod).get("state") or {}).get("running") or {}
    terminated = {
        "exitCode": 137,
        "reason": "ContainerStatusUnknown",
        "message": "The container could not be located when the pod was terminated",
        "startedAt": before.get("startedAt"),
        "finishedAt": timestamp(now),
    }
    status = _status(pod, "Failed", {"terminated": terminated}, _done("Failed"), now)
    return {**status, "reason": "Lost", "message": message}


def _status(
    pod: Mapping[str, Any],
    phase: str,
    state: Status,
    wanted: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Status:
    old = pod.get("status") or {}
    container = container_of(pod)
    entry: Status = {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }
    if identity := _container_status(pod).get("containerID"):
        entry["containerID"] = identity
    return {
        "qosClass": "BestEffort",
        "hostIP": _IP,
        "hostIPs": [{"ip": _IP}],
        "podIP": _IP,
        "podIPs": [{"ip": _IP}],
        "startTime": timestamp(now),
        **old,
        "phase": phase,
        "conditions": _conditions(old, wanted, now),
        "containerStatuses": [entry],
    }


def _container_status(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter((pod.get("status") or {}).get("containerStatuses") or ()), {})


def _unready(pod: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    message = f"containers with unready status: [{container_of(pod)['name']}]"
    unready = ("False", "ContainersNotReady", message)
    return {
        "Initialized": ("True",),
        "Ready": unready,
        "ContainersReady": unready,
        "PodScheduled": ("True",),
    }


def _done(phase: str) -> dict[str, tuple[str, ...]]:
    if phase == "Succeeded":
        done = ("False", "PodCompleted")
        return {"Initialized": ("True", "PodCompleted"), "Ready": done, "ContainersReady": done}
    return {"Ready": ("False", "PodFailed"), "ContainersReady": ("False", "PodFailed")}


def _conditions(
    old: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]], now: datetime
) -> list[Status]:
    """Return the conditions with the wanted (status, reason, message) set; the others stay."""
    kept: dict[str, Status] = {c["type"]: c for c in old.get("conditions") or ()}
    for kind, said in wanted.items():
        fields = ("status", "reason", "message")
        new: Status = {"type": kind, **dict(zip(fields, said, strict=False))}
        before = kept.get(kind, {})
        same = before.get("status") == new["status"]
        since = before.get("lastTransitionTime") if same else timestamp(now)
        kept[kind] = {**new, "lastProbeTime": None, "lastTransitionTime": since}
    return list(kept.values())
