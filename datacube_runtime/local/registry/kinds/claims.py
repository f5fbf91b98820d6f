"""
Claims of volumes: what they must ask for, and what stays once it is there.

Source: ValidatePersistentVolumeClaimSpec and ValidatePersistentVolumeClaimUpdate in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import denied, required, unsupported, wrong
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.kinds.claimchange import claim_changes
from datacube_runtime.local.registry.kinds.claimsources import (
    normalize_sources,
    source_problems,
)
from datacube_runtime.local.registry.kinds.matching import selector_problems
from datacube_runtime.local.registry.metadata.names import subdomain_problems
from datacube_runtime.local.registry.removal.deletion import CLAIM_IN_USE
from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write

_ALONE = "ReadWriteOncePod"
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", _ALONE)
_VOLUME_MODES = ("Block", "Filesystem")
_SIZE = "spec.resources[storage]"


def _start_claim(obj: dict[str, Any]) -> None:
    obj["metadata"].setdefault("finalizers", []).append(CLAIM_IN_USE)
    obj["status"] = {"phase": "Pending"}


def _admit_claim(obj: dict[str, Any], _write: Write) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    normalize_sources(spec)


def _claim_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    spec = new["spec"]
    found = [
        *_mode_problems(spec.get("accessModes") or []),
        *selector_problems("spec.selector", spec.get("selector")),
        *_size_problems((spec.get("resources") or {}).get("requests") or {}),
        *_class_problems(spec, "storageClassName"),
    ]
    if spec["volumeMode"] not in _VOLUME_MODES:
        found.append(unsupported("spec.volumeMode", spec["volumeMode"], _VOLUME_MODES))
    found += source_problems(spec)
    found += _class_problems(spec, "volumeAttributesClassName")
    return found if old is None else [*found, *claim_changes(new, old)]


def _mode_problems(modes: Sequence[str]) -> Iterator[Cause]:
    path = "spec.accessModes"
    if not modes:
        yield required(path, "at least 1 access mode is required")
    for mode in modes:
        if mode not in _MODES:
            yield unsupported(path, mode, _MODES)
    if _ALONE in modes and any(mode in _MODES and mode != _ALONE for mode in modes):
        yield denied(path, f"may not use {_ALONE} with other access modes")


def _size_problems(requests: Mapping[str, str]) -> Iterator[Cause]:
    if "storage" not in requests:
        yield required(_SIZE)
    elif amount(requests["storage"]) <= 0:
        yield wrong(_SIZE, requests["storage"], "must be greater than zero")


def _class_problems(spec: Mapping[str, Any], field: str) -> Iterator[Cause]:
    if name := spec.get(field):
        for problem in subdomain_problems(name):
            yield wrong(f"spec.{field}", name, problem)


CLAIM_KIND = Kind(
    start=_start_claim,
    generates=True,
    admit=_admit_claim,
    problems=_claim_problems,
    answers_deleted=True,
)
