"""
Which pods the embedded cluster can run, and what their fields mean when they say nothing.

Pure. A pod that needs more than one process on one machine can give is refused with a sentence
that names the field: a pod that runs half of what was asked would be worse. Ignored without a word,
because they change nothing about the data: image, requests and CPU limits, securityContext, probes,
service accounts. Where a pod may run is the business of ``placement``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TERMINATION_LOG = "/dev/termination-log"
GRACE_S = 30
VOLUME_KINDS = (
    "persistentVolumeClaim",
    "emptyDir",
    "secret",
    "configMap",
    "downwardAPI",
    "projected",
)
_PROJECTED_KINDS = ("secret", "configMap", "downwardAPI")
_IMPOSSIBLE = {"lifecycle": "runs no hooks", "volumeDevices": "has no block devices"}
_VARIABLE_KINDS = ("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef")


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
    if (policy := container.get("restartPolicy", "Never")) != "Never":
        return f"{where}.restartPolicy: {policy}: the embedded cluster restarts no containers"
    for field, why in _IMPOSSIBLE.items():
        if container.get(field):
            return f"{where}.{field}: the embedded cluster {why}"
    for index, entry in enumerate(container.get("env") or ()):
        for kind in (entry.get("valueFrom") or {}).keys() - set(_VARIABLE_KINDS):
            return f"{where}.env[{index}].valueFrom.{kind}: not supported by the embedded cluster"
    return None


def _unsupported_volume(pod: Mapping[str, Any]) -> str | None:
    for index, volume in enumerate(pod["spec"].get("volumes") or ()):
        where = f"spec.volumes[{index}]"
        if not any(kind in volume for kind in VOLUME_KINDS):
            kinds = ", ".join(VOLUME_KINDS)
            return f"{where}: {volume['name']}: the embedded cluster has only {kinds} volumes"
        for number, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            for kind in source.keys() - set(_PROJECTED_KINDS):
                at = f"{where}.projected.sources[{number}].{kind}"
                return f"{at}: the embedded cluster has no service accounts and certificates"
    names = volumes_of(pod)
    for index, mount in enumerate(container_of(pod).get("volumeMounts") or ()):
        if mount["name"] not in names:
            return f'spec.containers[0].volumeMounts[{index}].name: Not found: "{mount["name"]}"'
    return None
