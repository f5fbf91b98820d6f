"""
The class of service of a pod, which its resources decide.

Source: ComputePodQOS in k8s.io/kubernetes/pkg/apis/core/v1/helper/qos/qos.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.kinds.podspec.defaults import containers
from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

_COUNTED = ("cpu", "memory")


def class_of(spec: Mapping[str, Any]) -> str:
    """Return ``Guaranteed``, ``Burstable`` or ``BestEffort``."""
    all_resources = [container.get("resources") or {} for container in containers(spec)]
    if isinstance(own := spec.get("resources"), dict):
        all_resources = [own]
    asked = _sum(all_resources, "requests")
    limits = _sum(all_resources, "limits")
    if not asked and not limits:
        return "BestEffort"
    is_limited = all(len(_counted(r.get("limits"))) == len(_COUNTED) for r in all_resources)
    return "Guaranteed" if is_limited and asked == limits else "Burstable"


def _sum(all_resources: list[Mapping[str, Any]], which: str) -> dict[str, Fraction]:
    total: dict[str, Fraction] = {}
    for resources in all_resources:
        for name, size in _counted(resources.get(which)).items():
            total[name] = total.get(name, size * 0) + size
    return total


def _counted(resources: Mapping[str, str] | None) -> dict[str, Fraction]:
    sizes = {name: amount(size) for name, size in (resources or {}).items() if name in _COUNTED}
    return {name: size for name, size in sizes.items() if size > 0}
