"""
What the scheduler and the kubelet tell of a pod by Kubernetes Events.

Pure: who tells, and the words, which are Kubernetes' own (1.36); when to tell is for the caller.

Source: pkg/kubelet/kuberuntime/kuberuntime_container.go, pkg/kubelet/active_deadline.go,
pkg/volume/util/operationexecutor and pkg/scheduler/schedule_one.go of kubernetes/kubernetes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.events import Happening, Source
from datacube_runtime.local.pods.placement import NODE
from datacube_runtime.local.pods.spec import container_of
from datacube_runtime.local.pods.status import EXPIRED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.pods.errors import ContainerConfigError

    Pod = Mapping[str, Any]
    Told = tuple[Source, Happening]

_KUBELET = Source("kubelet", NODE)
_SCHEDULER = Source("default-scheduler", f"default-scheduler-{NODE}", is_new=True)


def scheduled(pod: Pod) -> Told:
    """Return that the pod was given to the one node."""
    meta = pod["metadata"]
    message = f"Successfully assigned {meta['namespace']}/{meta['name']} to {NODE}"
    return _SCHEDULER, Happening("Scheduled", message, action="Binding")


def unschedulable(problem: str) -> Told:
    """Return that there is no place for the pod yet."""
    message = f"0/1 nodes are available: {problem}."
    return _SCHEDULER, Happening("FailedScheduling", message, is_warning=True, action="Scheduling")


def started(pod: Pod) -> tuple[Told, Told]:
    """Return that the container was made, and runs."""
    return _normal(pod, "Created", "Container created"), _normal(
        pod, "Started", "Container started"
    )


def not_created(pod: Pod, error: ContainerConfigError) -> Told:
    """Return what the container waits for: a volume's files, or a part of itself."""
    if error.reason == "ContainerCreating":
        return _KUBELET, Happening("FailedMount", str(error), is_warning=True)
    message = f"Error: {error}"
    return _KUBELET, Happening("Failed", message, is_warning=True, field_path=_path(pod))


def not_started(pod: Pod, message: str) -> tuple[Told, Told]:
    """Return that the container was made, but its program could not be started."""
    failed = Happening("Failed", f"Error: {message}", is_warning=True, field_path=_path(pod))
    return _normal(pod, "Created", "Container created"), (_KUBELET, failed)


def killing(pod: Pod) -> Told:
    """Return that the container was told to stop."""
    return _normal(pod, "Killing", f"Stopping container {container_of(pod)['name']}")


def expired() -> Told:
    """Return that the pod's own deadline passed."""
    return _KUBELET, Happening(*EXPIRED)


def refused(reason: str, message: str) -> Told:
    """Return that the node does not take the pod."""
    return _KUBELET, Happening(reason, message, is_warning=True)


def _normal(pod: Pod, reason: str, message: str) -> Told:
    return _KUBELET, Happening(reason, message, field_path=_path(pod))


def _path(pod: Pod) -> str:
    return f"spec.containers{{{container_of(pod)['name']}}}"
