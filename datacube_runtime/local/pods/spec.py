"""
Which pods the embedded cluster can run, and what their fields mean when they say nothing.

Pure. A pod that needs more than one process on one machine can give is refused with a sentence
that names the field: a pod that runs half of what was asked would be worse. Ignored without a word,
because they change nothing about the data: image, requests and CPU limits, securityContext, probes,
labels of nodes, service accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.pods.limits import memory_limit_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

TERMINATION_LOG = "/dev/termination-log"
GRACE_S = 30
VOLUME_KINDS = ("persistentVolumeClaim", "emptyDir", "secret", "configMap")


def container_of(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one container."""
    container: Mapping[str, Any] = pod["spec"]["containers"][0]
    return container


def volumes_of(pod: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the volumes by name."""
    return {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}


def claims_of(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the claims that the pod uses."""
    sources = (v.get("persistentVolumeClaim") for v in volumes_of(pod).values())
    return tuple(source["claimName"] for source in sources if source is not None)


def grace_s(pod: Mapping[str, Any]) -> float:
    """Return the seconds between SIGTERM and SIGKILL: the deletion's own, or the pod's."""
    own = pod["metadata"].get("deletionGracePeriodSeconds")
    seconds = pod["spec"].get("terminationGracePeriodSeconds") if own is None else own
    return float(GRACE_S if seconds is None else seconds)


def unsupported(pod: Mapping[str, Any]) -> str | None:
    """
    Return why the pod cannot be run here, opening with the field; None where it can.

    A Job's template will do for the pod: only ``spec`` is looked at.
    """
    spec = pod["spec"]
    if spec.get("initContainers"):
        return "spec.initContainers: the embedded cluster runs no init containers"
    if len(spec["containers"]) != 1:
        return "spec.containers: the embedded cluster runs pods of one container"
    if (policy := spec.get("restartPolicy", "Always")) != "Never":
        return (
            f"spec.restartPolicy: {policy}: the embedded cluster restarts no containers; "
            "set Never (a Job retries by itself)"
        )
    return _unsupported_container(container_of(pod)) or _unsupported_volume(pod)


def _unsupported_container(container: Mapping[str, Any]) -> str | None:
    where = "spec.containers[0]"
    if not container.get("command"):
        return (
            f"{where}.command: required; the embedded cluster has no images, "
            "so it cannot know what an image would run"
        )
    if container.get("lifecycle"):
        return f"{where}.lifecycle: the embedded cluster runs no hooks"
    if container.get("volumeDevices"):
        return f"{where}.volumeDevices: the embedded cluster has no block devices"
    try:
        memory_limit_bytes(container)
    except ValueError as error:
        return f"{where}.resources.limits[memory]: {error}"
    mounts = enumerate(container.get("volumeMounts") or ())
    bad = next((index for index, mount in mounts if mount.get("subPathExpr")), None)
    if bad is not None:
        return f"{where}.volumeMounts[{bad}].subPathExpr: not supported by the embedded cluster"
    return None


def _unsupported_volume(pod: Mapping[str, Any]) -> str | None:
    volumes = volumes_of(pod)
    for name, volume in volumes.items():
        if not any(kind in volume for kind in VOLUME_KINDS):
            return (
                f"spec.volumes: {name}: the embedded cluster has only "
                f"{', '.join(VOLUME_KINDS)} volumes"
            )
    for index, mount in enumerate(container_of(pod).get("volumeMounts") or ()):
        if mount["name"] not in volumes:
            return f'spec.containers[0].volumeMounts[{index}].name: Not found: "{mount["name"]}"'
    return None
