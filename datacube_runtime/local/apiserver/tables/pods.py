"""
The cells of pods: how many containers are ready, why a pod does not run, how often it restarted.

Source: printPod in k8s.io/kubernetes/pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from datacube_runtime.local.apiserver.tables.cells import age

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from datacube_runtime.local.apiserver.tables.cells import Object

_ENDED = frozenset({"Succeeded", "Failed"})
_NODE_LOST = "NodeLost"


class _Init(NamedTuple):
    """The init containers: which were begun, and what the first unfinished one waits for."""

    reason: str
    begun: list[Object]
    has_passed: bool


def ready(pod: Object, _now: datetime) -> str:
    """Return how many of how many containers are ready."""
    init, sidecars = _init(pod), _sidecars(pod)
    count = sum(_is_started(s) and bool(s.get("ready")) for s in init.begun if _in(s, sidecars))
    if init.has_passed:
        count += sum(_is_running(status) for status in _statuses(pod, "containerStatuses"))
    return f"{count}/{len(pod['spec']['containers']) + len(sidecars)}"


def state(pod: Object, _now: datetime) -> str:
    """Return why a pod waits or how it ended, else its phase."""
    status, init = pod.get("status") or {}, _init(pod)
    phase = str(status.get("phase", ""))
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == _NODE_LOST:
            return "Unknown"
        if phase not in _ENDED:
            return "Terminating"
    said = init.reason or _gate(status) or status.get("reason") or phase
    return _main_reason(pod, said) if init.has_passed else said


def restarts(pod: Object, now: datetime) -> str:
    """Return how often containers were restarted, and when last."""
    init, sidecars = _init(pod), _sidecars(pod)
    counted = init.begun
    if init.has_passed:
        counted = [s for s in init.begun if _in(s, sidecars)]
        counted += _statuses(pod, "containerStatuses")
    count = sum(status.get("restartCount", 0) for status in counted)
    ends = [_ended(status, "lastState").get("finishedAt") or "" for status in counted]
    last = max(ends, default="")
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def address(pod: Object, _now: datetime) -> str:
    """Return the pod's address."""
    addresses = _statuses(pod, "podIPs")
    return str(addresses[0].get("ip") or "<none>") if addresses else "<none>"


def gates(pod: Object, _now: datetime) -> str:
    """Return how many of the conditions that it also waits for are true."""
    wanted = pod["spec"].get("readinessGates") or ()
    true = sum(_has(pod, gate["conditionType"]) for gate in wanted)
    return f"{true}/{len(wanted)}" if wanted else "<none>"


def row_conditions(pod: Object) -> list[dict[str, str]]:
    """Return what a row says of itself: whether it is about something that is over."""
    phase = (pod.get("status") or {}).get("phase")
    if phase not in _ENDED:
        return []
    is_good = phase == "Succeeded"
    message = "The pod has completed successfully." if is_good else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


def _init(pod: Object) -> _Init:
    sidecars, count = _sidecars(pod), len(pod["spec"].get("initContainers") or ())
    begun: list[Object] = []
    for index, status in enumerate(_statuses(pod, "initContainerStatuses")):
        begun.append(status)
        if said := _init_reason(status, _in(status, sidecars), f"{index}/{count}"):
            return _Init(f"Init:{said}", begun, _has(pod, "Initialized"))
    return _Init("", begun, has_passed=True)


def _init_reason(status: Object, is_sidecar: bool, progress: str) -> str:  # noqa: FBT001 - one of three facts
    """Return what an init container waits for or failed with; empty if the next one may begin."""
    ended = _ended(status, "state")
    if (ended and not ended.get("exitCode")) or (is_sidecar and _is_started(status)):
        return ""
    if ended:
        return _end(ended)
    waits = ((status.get("state") or {}).get("waiting") or {}).get("reason", "")
    return waits if waits and waits != "PodInitializing" else progress


def _main_reason(pod: Object, said: str) -> str:
    error, statuses = "", _statuses(pod, "containerStatuses")
    for status in reversed(statuses):
        waits = ((status.get("state") or {}).get("waiting") or {}).get("reason")
        if waits:
            said = waits
        elif ended := _ended(status, "state"):
            said = _end(ended)
            error = said if ended.get("exitCode") else error
    if said != "Completed":
        return said
    has_running = any(_is_running(status) for status in statuses)
    if has_running and _has(pod, "Ready"):
        return "Running"
    return error or ("NotReady" if has_running else said)


def _end(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _gate(status: Mapping[str, Any]) -> str:
    held = ("PodScheduled", "SchedulingGated")
    conditions = status.get("conditions") or ()
    return held[1] if any((c["type"], c.get("reason")) == held for c in conditions) else ""


def _statuses(pod: Object, field: str) -> list[Object]:
    return list((pod.get("status") or {}).get(field) or ())


def _sidecars(pod: Object) -> frozenset[str]:
    inits = pod["spec"].get("initContainers") or ()
    return frozenset(c["name"] for c in inits if c.get("restartPolicy") == "Always")


def _in(status: Object, names: frozenset[str]) -> bool:
    return status.get("name") in names


def _ended(status: Object, which: str) -> Mapping[str, Any]:
    ended: Mapping[str, Any] = (status.get(which) or {}).get("terminated") or {}
    return ended


def _is_started(status: Object) -> bool:
    return bool(status.get("started"))


def _is_running(status: Object) -> bool:
    return bool(status.get("ready")) and "running" in (status.get("state") or {})


def _has(pod: Object, kind: str) -> bool:
    conditions = _statuses(pod, "conditions")
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)
