"""
The resources that a container asks for and is limited to.

Source: validateResourceRequirements in k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, required, wrong
from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HUGE_PAGES = "hugepages-"


def resource_problems(path: str, resources: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with the resources of a container."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, size in limits.items():
        yield from _size_problems(f"{at(path, 'limits')}[{name}]", name, size)
    for name, size in requests.items():
        yield from _size_problems(f"{at(path, 'requests')}[{name}]", name, size)
        yield from _limit_problems(path, name, size, limits.get(name))


def _size_problems(path: str, name: str, size: str) -> Iterator[Cause]:
    if "/" not in name and name not in _STANDARD and not name.startswith(_HUGE_PAGES):
        yield wrong(path, name, "must be a standard resource type or fully qualified")
        yield wrong(path, name, "must be a standard resource for containers")
    if amount(size) < 0:
        yield wrong(path, size, "must be greater than or equal to 0")
    if "/" in name and amount(size).denominator != 1:
        yield wrong(path, size, "must be an integer")


def _limit_problems(path: str, name: str, size: str, limit: str | None) -> Iterator[Cause]:
    is_shared = name in _STANDARD  # of others nobody can be promised more than there is
    if limit is None:
        if not is_shared:
            yield required(at(path, "limits"), "Limit must be set for non overcommitable resources")
    elif not is_shared and amount(size) != amount(limit):
        yield wrong(at(path, "requests"), size, f"must be equal to {name} limit of {limit}")
    elif amount(size) > amount(limit):
        why = f"must be less than or equal to {name} limit of {limit}"
        yield wrong(at(path, "requests"), size, why)
