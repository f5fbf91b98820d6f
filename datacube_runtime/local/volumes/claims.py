"""
Binding claims to directories, and removing the directories of claims that are gone.

The data of a deleted claim stay while a process uses them, as Kubernetes' protection of claims in
use has it; until then a new claim of the same name waits.

Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from datacube_runtime.local.cluster import CLAIMS
from datacube_runtime.local.volumes.directories import bound_spec, bound_status

if TYPE_CHECKING:
    from datacube_runtime.local.cluster import Objects
    from datacube_runtime.local.volumes.directories import Volumes

log = logging.getLogger(__name__)

_IN_USE_PAUSE_S = 0.5


def reconcile_claim(
    objects: Objects, volumes: Volumes, namespace: str, name: str, *, in_use: bool
) -> float | None:
    """Bring the directory in line with the claim; return after how many seconds to ask again."""
    claim = objects.find(CLAIMS, namespace, name)
    uid = claim["metadata"]["uid"] if claim else None
    if volumes.holder(namespace, name) not in (None, uid):
        if in_use:
            return _IN_USE_PAUSE_S
        volumes.retire(namespace, name)
        log.info("Volume of claim %s/%s was removed with it", namespace, name)
    if claim is None:
        return None
    directory = volumes.provide(namespace, name, claim["metadata"]["uid"])
    if patch := bound_spec(claim, directory):
        objects.patch(CLAIMS, claim, patch)
    objects.write_status(CLAIMS, claim, bound_status(claim))
    return None
