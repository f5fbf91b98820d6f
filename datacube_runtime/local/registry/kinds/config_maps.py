"""
ConfigMaps: texts and bytes by key, which never change where they are immutable.

Source: ValidateConfigMap and ValidateConfigMapUpdate in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import wrong
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.kinds.entries import (
    decoded_size,
    frozen_problems,
    key_problems,
    size_problems,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.registry.errors import Cause


def _config_map_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    twice = (new.get("data") or {}).keys() & (new.get("binaryData") or {}).keys()
    return [
        *frozen_problems(new, old, "data", "binaryData"),
        *key_problems(new, "data"),
        *(wrong(f"data[{k}]", k, "duplicate of key present in binaryData") for k in sorted(twice)),
        *key_problems(new, "binaryData"),
        *size_problems(_size(new), ""),
    ]


def _size(obj: Mapping[str, Any]) -> int:
    texts, bags = obj.get("data") or {}, obj.get("binaryData") or {}
    return sum(len(text.encode()) for text in texts.values()) + sum(
        decoded_size(text) for text in bags.values()
    )


CONFIG_MAP_KIND = Kind(problems=_config_map_problems)
