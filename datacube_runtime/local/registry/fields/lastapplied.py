"""
From client-side to server-side apply without conflicts, as ``kubectl apply --server-side`` expects.

Client-side apply leaves what it applied in an annotation. What still is as that says may be taken
over by kubectl's server-side apply, and the annotation is kept up to date, so that one can go back.

Source: lastappliedmanager.go and lastappliedupdater.go in k8s.io/apimachinery,
pkg/util/managedfields/internal
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.fields.managed import owned_part
from datacube_runtime.local.registry.fields.ownership import compare, stated
from datacube_runtime.local.registry.fields.sets import difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.fields.managed import Author
    from datacube_runtime.local.registry.fields.sets import Fields
    from datacube_runtime.local.registry.fields.types import Type

_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL = "kubectl"


def allowed(kind: Type, live: Mapping[str, Any], author: Author) -> Fields:
    """Return the fields that kubectl may take from others: those it applied before as they are."""
    if author.manager != _KUBECTL:
        return {}
    try:
        applied = json.loads(live["metadata"].get("annotations", {}).get(_ANNOTATION, ""))
    except ValueError:
        return {}
    if not isinstance(applied, dict) or applied.get("apiVersion") != author.api_version:
        return {}
    meta = applied.get("metadata")
    part = owned_part({**applied, "metadata": meta if isinstance(meta, dict) else {}})
    touched, removed = compare(kind, part, owned_part(live))
    return difference(difference(stated(kind, part), touched), removed)


def renew(new: dict[str, Any], config: Mapping[str, Any], manager: str) -> None:
    """Write what kubectl applies into the annotation, where the object has it."""
    annotations = new["metadata"].get("annotations") or {}
    if manager != _KUBECTL or not annotations.get(_ANNOTATION):
        return
    meta = dict(config["metadata"])
    others = {k: v for k, v in (meta.pop("annotations", None) or {}).items() if k != _ANNOTATION}
    if others:
        meta["annotations"] = others
    text = json.dumps({**config, "metadata": meta}, separators=(",", ":"), sort_keys=True)
    new["metadata"] = {**new["metadata"], "annotations": {**annotations, _ANNOTATION: text + "\n"}}
