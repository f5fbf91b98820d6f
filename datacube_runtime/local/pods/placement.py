"""
Whether the one node is where a pod may run: by its scheduler, its labels, its name.

Pure. A pod that another scheduler or another node is asked for is nobody's here: it waits, as it
would on a cluster that lacks them. The node has no taints. Rules about other pods (``podAffinity``,
``topologySpreadConstraints``) are not looked at: on one node most of them hold anyway.

Source: k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go, and
k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NODE = "datacube-local"
_SCHEDULER = "default-scheduler"
_MISFIT = "1 node(s) didn't match Pod's node affinity/selector"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True)
class Node:
    """What a pod may ask of a node."""

    name: str
    labels: Mapping[str, str]


def this_node() -> Node:
    """Return the one node, with the labels that a kubelet gives it."""
    machine = platform.machine().lower()
    facts = {
        "os": platform.system().lower(),
        "arch": _ARCHITECTURES.get(machine, machine),
        "hostname": NODE,
    }
    labels = {f"kubernetes.io/{name}": value for name, value in facts.items()}
    return Node(NODE, MappingProxyType(labels))


def is_for(node: Node, pod: Mapping[str, Any]) -> bool:
    """Tell whether the pod is on the node, or waits for the scheduler here to put it somewhere."""
    spec = pod["spec"]
    if name := spec.get("nodeName"):
        return bool(name == node.name)
    is_gated = bool(spec.get("schedulingGates"))
    return not is_gated and spec.get("schedulerName", _SCHEDULER) == _SCHEDULER


def misfit(pod: Mapping[str, Any], node: Node) -> str | None:
    """Return why the pod cannot be put on the node; None where it can, or is there already."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return None
    selector = spec.get("nodeSelector") or {}
    if any(node.labels.get(name) != value for name, value in selector.items()):
        return _MISFIT
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED)
    if required is None or _fits_any(required.get("nodeSelectorTerms") or (), node):
        return None
    return _MISFIT


def _fits_any(terms: Iterable[Mapping[str, Any]], node: Node) -> bool:
    return any(_fits(term, node) for term in terms)


def _fits(term: Mapping[str, Any], node: Node) -> bool:
    """Tell whether the node is all that a term says; one that says nothing means no node."""
    by_label = [(rule, node.labels) for rule in term.get("matchExpressions") or ()]
    by_field = [(rule, {"metadata.name": node.name}) for rule in term.get("matchFields") or ()]
    rules = [*by_label, *by_field]
    return bool(rules) and all(_holds(rule, facts) for rule, facts in rules)


def _holds(rule: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    """Tell whether a requirement holds; one that makes no sense does not."""
    value, values = facts.get(rule.get("key", "")), rule.get("values") or []
    match operator := rule.get("operator", ""):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" if value is not None and len(values) == 1:
            return _is_beyond(operator, value, values[0])
        case _:
            return False


def _is_beyond(operator: str, value: str, limit: str) -> bool:
    try:
        number, end = int(value), int(limit)
    except ValueError:
        return False
    return number > end if operator == "Gt" else number < end
