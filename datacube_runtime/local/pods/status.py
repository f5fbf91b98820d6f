"""
What a pod's status says, in the kubelet's own words and shapes.

Pure: each function returns the whole status that a pod should have now, made of the one it has and
of what was seen. Times of conditions move only when a condition does, so saying a thing twice
changes nothing.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/,
pkg/kubelet/status/generate.go and pkg/kubelet/kubelet_pods.go of kubernetes/kubernetes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.pods.spec import container_of
from datacube_runtime.local.registry.kinds.podspec.quality import class_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    Status = dict[str, Any]

_IP = "127.0.0.1"
_ADDRESS = {"podIP": _IP, "podIPs": [{"ip": _IP}]}
TERMINAL = ("Succeeded", "Failed")
_ORDER = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
"""The kubelet's own conditions, in its order; those of others come first."""
_DISRUPTED = (
    "True",
    "TerminationByKubelet",
    "Pod was terminated in response to imminent node shutdown.",
)
_UNLOCATED = {
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
}
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
    return {**old, "phase": "Pending", "conditions": _conditions(pod, wanted, now)}


def waiting(pod: Mapping[str, Any], reason: str, message: str, now: datetime) -> Status:
    """Return the status of a pod whose container cannot be started yet."""
    state = {"waiting": {"reason": reason} | ({"message": message} if message else {})}
    is_sandboxed = reason != "ContainerCreating"  # which waits for volumes, before all else
    wanted = {"PodReadyToStartContainers": (str(is_sandboxed),), **_unready(pod)}
    status = _status(pod, "Pending", state, wanted, now)
    return status | _ADDRESS if is_sandboxed else status


def running(pod: Mapping[str, Any], pid: int, now: datetime) -> Status:
    """Return the status of a pod whose process has just been started."""
    ready = dict.fromkeys(_ORDER, ("True",))
    status = _status(pod, "Running", {"running": {"startedAt": timestamp(now)}}, ready, now)
    status["containerStatuses"][0] |= {
        "ready": True,
        "started": True,
        "containerID": f"process://{pid}",
    }
    return status | _ADDRESS


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


def refused(pod: Mapping[str, Any], reason: str, message: str, now: datetime) -> Status:
    """
    Return the status of a pod that the node does not take: nothing is said of its container.

    Source: rejectPod in kubernetes/pkg/kubelet/kubelet.go
    """
    wanted = _done("Failed")
    if not pod["spec"].get("nodeName"):
        del wanted["PodScheduled"]  # it was refused before it was given to the node
    status = _status(pod, "Failed", {}, wanted, now)
    del status["containerStatuses"]
    return {**status, "reason": reason, "message": message}


def given_up(pod: Mapping[str, Any], now: datetime) -> Status:
    """
    Return the status of a pod that had to end before its container ran.

    The kubelet no longer says what the container waited for: it looks for one that may have run,
    finds none, and knows no time of it either.

    Source: TerminatePod in kubernetes/pkg/kubelet/status/status_manager.go
    """
    terminated = {**_UNLOCATED, "startedAt": None, "finishedAt": None}
    return _status(pod, "Failed", {"terminated": terminated}, _done("Failed"), now)


def lost(pod: Mapping[str, Any], message: str, now: datetime) -> Status:
    """
    Return the status of a pod whose process was lost: how it would have ended is unknown.

    The container says so in the kubelet's words, ContainerStatusUnknown; the pod, in those of a
    node that shuts down, so that a ``podFailurePolicy`` may forgive it.
    """
    before = (_container_status(pod).get("state") or {}).get("running") or {}
    times = {"startedAt": before.get("startedAt"), "finishedAt": timestamp(now)}
    wanted = {"DisruptionTarget": _DISRUPTED, **_done("Failed")}
    status = _status(pod, "Failed", {"terminated": {**_UNLOCATED, **times}}, wanted, now)
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
        "resources": container.get("resources") or {},
    }
    if requests := entry["resources"].get("requests"):
        entry["allocatedResources"] = requests
    if mounts := [_mounted(mount) for mount in container.get("volumeMounts") or ()]:
        entry["volumeMounts"] = mounts
    if identity := _container_status(pod).get("containerID"):
        entry["containerID"] = identity
    return {
        "hostIP": _IP,
        "hostIPs": [{"ip": _IP}],
        "startTime": timestamp(now),
        **old,
        **_observed(pod),
        "qosClass": class_of(pod["spec"]),
        "phase": phase,
        "conditions": _conditions(pod, wanted, now),
        "containerStatuses": [entry],
    }


def _mounted(mount: Mapping[str, Any]) -> Status:
    """Return what the kubelet says of a volumeMount; read-only ones are not so recursively."""
    told: Status = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        told |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return told


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
    said = ("False", "PodCompleted" if phase == "Succeeded" else "PodFailed")
    initialized = ("True", "PodCompleted") if phase == "Succeeded" else ("True",)
    return {
        "PodReadyToStartContainers": ("False",),
        "Initialized": initialized,
        "Ready": said,
        "ContainersReady": said,
        "PodScheduled": ("True",),
    }


def _conditions(
    pod: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]], now: datetime
) -> list[Status]:
    """Return the conditions with the wanted (status, reason, message) set; the others stay."""
    kept: dict[str, Status] = {
        c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()
    }
    observed = _observed(pod)
    for kind, said in wanted.items():
        fields = ("status", "reason", "message")
        new: Status = {"type": kind, **dict(zip(fields, said, strict=False)), **observed}
        before = kept.get(kind, {})
        same = before.get("status") == new["status"]
        since = before.get("lastTransitionTime") if same else timestamp(now)
        kept[kind] = {**new, "lastProbeTime": None, "lastTransitionTime": since}
    others = [condition for kind, condition in kept.items() if kind not in _ORDER]
    return others + [kept[kind] for kind in _ORDER if kind in kept]


def _observed(pod: Mapping[str, Any]) -> Status:
    """Return which generation of the pod the status speaks of, where the pod has one."""
    generation = pod["metadata"].get("generation")
    return {} if generation is None else {"observedGeneration": generation}
