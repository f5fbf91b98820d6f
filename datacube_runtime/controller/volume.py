"""
The PersistentVolumeClaim that a download makes from its template.

The claim has no owner: the data outlives the DataCube that fetched it. An existing claim is used
as it is, so nothing here compares or updates one.

Source: "Resource", ``…pvc.template``, in the contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.naming import MANAGED_BY

if TYPE_CHECKING:
    from datacube_api.models import PVCReference


def volume_manifest(namespace: str, volume: PVCReference) -> dict[str, Any]:
    """
    Return the claim that the template of ``volume`` describes.

    Of the template's metadata only labels and annotations count: name and namespace are the
    DataCube's to say, and an owner or a finalizer would tie the data to something.
    """
    template = volume.to_manifest()["template"]
    given = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "name": volume.name,
        "namespace": namespace,
        "labels": {**(given.get("labels") or {}), **MANAGED_BY},
    }
    if annotations := given.get("annotations"):
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": template["spec"],
    }
