"""
Namespaces: some are always there, and what a phase may be follows from whether one is going.

Source: k8s.io/kubernetes/pkg/registry/core/namespace/strategy.go, and ValidateNamespaceStatusUpdate
in k8s.io/kubernetes/pkg/apis/core/validation/validation.go, which has the field's name as it is
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import wrong
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.metadata.names import label_problems

if TYPE_CHECKING:
    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write

_FINALIZER = "kubernetes"


def _start_namespace(obj: dict[str, Any]) -> None:
    said = (obj.get("spec") or {}).get("finalizers") or []
    obj["spec"] = {"finalizers": said if _FINALIZER in said else [*said, _FINALIZER]}


def _admit_namespace(obj: dict[str, Any], _write: Write) -> None:
    meta = obj["metadata"]
    meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta.get("name", "")
    obj["status"] = {"phase": "Active", **(obj.get("status") or {})}


def _phase_problems(new: dict[str, Any], _old: dict[str, Any] | None, write: Write) -> list[Cause]:
    if write.subresource != "status":
        return []
    is_going = "deletionTimestamp" in new["metadata"]
    wanted, how = ("Terminating", "is not empty") if is_going else ("Active", "is empty")
    phase = new["status"]["phase"]
    why = f"may only be '{wanted}' if `deletionTimestamp` {how}"
    return [] if phase == wanted else [wrong("status.Phase", phase, why)]


NAMESPACE_KIND = Kind(
    start=_start_namespace,
    generates=True,
    admit=_admit_namespace,
    more_problems=_phase_problems,
    server_owned=("spec",),
    name_problems=label_problems,
    permanent=frozenset({"default", "kube-system", "kube-public"}),
)
