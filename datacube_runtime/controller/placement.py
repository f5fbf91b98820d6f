"""
Where the pod of a DataCube has to run: on the node that has its volume already.

A volume that only one node may mount (ReadWriteOnce), used there by another pod, a notebook say,
keeps any pod on another node waiting for as long as the first one lives. Nothing in Kubernetes
prevents that: the scheduler looks at where a volume can be, not at where it is.

Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacube_runtime.controller.objects import Obj

_ONE_NODE = {"ReadWriteOnce", "ReadWriteOncePod"}
_ENDED = ("Succeeded", "Failed")


def is_of_one_node(pvc: Obj | None) -> bool:
    """Tell whether only one node at a time can mount the claim."""
    modes = set(((pvc or {}).get("spec") or {}).get("accessModes") or ())
    return bool(modes) and modes <= _ONE_NODE


def node_in_use(pvc: Obj | None, pods: Iterable[Obj]) -> str | None:
    """Return the node that has the claim because a living pod mounts it; None where any may do."""
    if pvc is None or not is_of_one_node(pvc):
        return None
    name, namespace = pvc["metadata"]["name"], pvc["metadata"]["namespace"]
    nodes = sorted(
        pod["spec"]["nodeName"]
        for pod in pods
        if pod["metadata"]["namespace"] == namespace and _holds(pod, name)
    )
    return nodes[0] if nodes else None


def affinity_to(node: str) -> dict[str, Any]:
    """Return the affinity of a pod that can run on that node only."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _holds(pod: Obj, claim: str) -> bool:
    spec = pod.get("spec") or {}
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in _ENDED:
        return False
    volumes = spec.get("volumes") or ()
    return any((v.get("persistentVolumeClaim") or {}).get("claimName") == claim for v in volumes)
