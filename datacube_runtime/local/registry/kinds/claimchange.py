"""
What may not change of a claim, and how a refusal shows the change: as two specs side by side.

A real server prints its inner form of the spec, with Go's names of the fields.

Source: ValidatePersistentVolumeClaimUpdate in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go, PersistentVolumeClaimSpec in
pkg/apis/core/types.go, Diff in k8s.io/apimachinery/pkg/util/diff
"""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import denied, wrong
from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_FROZEN = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)
_SIZE = "spec.resources.requests.storage"


def claim_changes(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what was changed and may not be."""
    before, after = _inner(old["spec"]), _inner(new["spec"])
    if not before["VolumeName"]:
        before["VolumeName"] = after["VolumeName"]
    if (new.get("status") or {}).get("phase") == "Bound":
        _let_grow(before, after)
    if before != after:
        yield denied("spec", f"{_FROZEN}\n{_difference(before, after)}")
    if _size(new["spec"]) < _size(old["spec"]) and _size(new["spec"]) <= _capacity(old):
        yield denied(_SIZE, "field can not be less than status.capacity")
    if new["spec"]["volumeMode"] != old["spec"]["volumeMode"]:
        yield wrong("volumeMode", new["spec"]["volumeMode"], "field is immutable")


def _let_grow(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Take what a bound claim may change for what it was."""
    after["VolumeAttributesClassName"] = before["VolumeAttributesClassName"]
    sizes, size = after["Resources"]["Requests"], before["Resources"]["Requests"] or {}
    if sizes is not None and "storage" in size:
        sizes["storage"] = size["storage"]


def _inner(spec: Mapping[str, Any]) -> dict[str, Any]:
    resources = spec.get("resources") or {}
    return {
        "AccessModes": spec.get("accessModes"),
        "Selector": spec.get("selector"),
        "Resources": {name: _copied(resources, name) for name in ("Limits", "Requests")},
        "VolumeName": spec.get("volumeName", ""),
        "StorageClassName": spec.get("storageClassName"),
        "VolumeMode": spec.get("volumeMode"),
        "DataSource": _source(spec.get("dataSource")),
        "DataSourceRef": _source(spec.get("dataSourceRef"), "Namespace"),
        "VolumeAttributesClassName": spec.get("volumeAttributesClassName"),
    }


def _copied(resources: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    said = resources.get(name.lower())
    return None if said is None else dict(sorted(said.items()))


def _source(said: Mapping[str, Any] | None, *more: str) -> dict[str, Any] | None:
    if said is None:
        return None
    names = {"apiGroup": "APIGroup", "kind": "Kind", "name": "Name"}
    inner = {inner: said.get(name) for name, inner in names.items()}
    return inner | {name: said.get(name.lower()) for name in more}


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="")
    return "".join(f"{line}\n" for line in list(lines)[2:])


def _lines(inner: Mapping[str, Any]) -> list[str]:
    return json.dumps(inner, indent=1, ensure_ascii=False).splitlines()


def _size(spec: Mapping[str, Any]) -> Any:
    return amount(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0"))


def _capacity(claim: Mapping[str, Any]) -> Any:
    return amount(((claim.get("status") or {}).get("capacity") or {}).get("storage", "0"))
