"""
Leases: how long one holds, and how often it changed hands.

Who is to choose the holder (``strategy``, ``preferredHolder``) is dropped, as a real server does it
while its gate CoordinatedLeaderElection is closed, which it is unless somebody opens it.

Source: ValidateLeaseSpec in k8s.io/kubernetes/pkg/apis/coordination/validation/validation.go,
PrepareForCreate in k8s.io/kubernetes/pkg/registry/coordination/lease/strategy.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import wrong
from datacube_runtime.local.registry.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write


def _admit_lease(obj: dict[str, Any], _write: Write) -> None:
    for field in ("strategy", "preferredHolder"):
        (obj.get("spec") or {}).pop(field, None)


def _lease_problems(
    new: dict[str, Any], _old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    spec, found = new.get("spec") or {}, []
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        found.append(wrong("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        why = "must be greater than or equal to 0"
        found.append(wrong("spec.leaseTransitions", transitions, why))
    return found


LEASE_KIND = Kind(admit=_admit_lease, problems=_lease_problems, updates_blindly=False)
