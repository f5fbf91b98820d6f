"""
The cells of nodes: whether they are ready, what they are for, where they are.

Source: printNode in k8s.io/kubernetes/pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from datacube_runtime.local.apiserver.tables.cells import Cell, Object

_ROLE_PREFIX, _ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"


def state(node: Object, _now: datetime) -> str:
    """Return whether a node is ready, and whether it takes pods."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    said = ["Ready" if c["status"] == "True" else "NotReady" for c in conditions if is_ready(c)]
    words = said or ["Unknown"]
    if (node.get("spec") or {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def is_ready(condition: Object) -> bool:
    """Tell whether a condition is the one that says so."""
    return bool(condition["type"] == "Ready")


def roles(node: Object, _now: datetime) -> str:
    """Return what a node is for, by its labels."""
    labels = node["metadata"].get("labels") or {}
    found = {name.removeprefix(_ROLE_PREFIX) for name in labels if name.startswith(_ROLE_PREFIX)}
    found |= {labels[_ROLE]} if labels.get(_ROLE) else set()
    return ",".join(sorted(found - {""})) or "<none>"


def address(kind: str) -> Cell:
    """Return the cell with a node's first address of a kind."""

    def cell(node: Object, _now: datetime) -> str:
        addresses = (node.get("status") or {}).get("addresses") or ()
        return next((str(a["address"]) for a in addresses if a["type"] == kind), "<none>")

    return cell
