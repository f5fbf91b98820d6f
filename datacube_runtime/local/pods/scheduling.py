"""
Whether a pod has a place to run: on one machine, whether its volumes are there.

Reads claims, changes nothing. The words are those of the scheduler's VolumeBinding plugin
(pkg/scheduler/framework/plugins/volumebinding of kubernetes/kubernetes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.cluster import CLAIMS
from datacube_runtime.local.pods.spec import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.cluster import Objects


def unbound_claim(objects: Objects, pod: Mapping[str, Any]) -> str | None:
    """Return why the pod has no place to run; None where it has."""
    for name in claims_of(pod):
        claim = objects.find(CLAIMS, pod["metadata"]["namespace"], name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if "deletionTimestamp" in claim["metadata"]:
            return f'persistentvolumeclaim "{name}" is being deleted'
        if (claim.get("status") or {}).get("phase") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None
