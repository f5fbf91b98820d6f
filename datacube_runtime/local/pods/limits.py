"""
What a pod's ``resources`` mean here: its quality of service, and how much memory it may have.

Pure. Requests and CPU limits reserve nothing on a single machine; they only decide the class. A
memory limit is enforced, see ``memory``.

Source: ComputePodQOS in pkg/apis/core/v1/helper/qos/qos.go of kubernetes/kubernetes, and
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMPUTE = ("cpu", "memory")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)")


def amount_of(quantity: object) -> Decimal:
    """
    Return the number that a Kubernetes quantity stands for: ``128Mi``, ``0.5``, ``100m``, ``1e3``.

    :raises ValueError: it is none.
    """
    found = _QUANTITY.fullmatch(str(quantity).strip())
    if found is None:
        raise ValueError(f"not a quantity: {quantity!r}")
    number, unit = found.groups()
    try:
        if unit in _BINARY:
            return Decimal(number) * Decimal(2) ** Decimal(_BINARY[unit])
        return Decimal(number).scaleb(_DECIMAL[unit])
    except (InvalidOperation, KeyError):
        raise ValueError(f"not a quantity: {quantity!r}") from None


def memory_limit_bytes(container: Mapping[str, Any]) -> int | None:
    """
    Return how much memory the container may have; None where that is not limited.

    :raises ValueError: its limit is no quantity.
    """
    limit = _of(container, "limits").get("memory")
    return None if limit is None else int(amount_of(limit)) or None


def qos_class(spec: Mapping[str, Any]) -> str:
    """
    Return Guaranteed, Burstable or BestEffort.

    A request that is not given is the limit, as the API server has it. What is no quantity makes
    no class: such a pod is refused.
    """
    try:
        limits = [_compute(_of(c, "limits")) for c in _containers(spec)]
        requests = [_compute({**_of(c, "limits"), **_of(c, "requests")}) for c in _containers(spec)]
    except ValueError:
        return "BestEffort"
    if not any(limits) and not any(requests):
        return "BestEffort"
    if all(set(limit) == set(_COMPUTE) for limit in limits) and limits == requests:
        return "Guaranteed"
    return "Burstable"


def _compute(quantities: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return CPU and memory, zeros left out."""
    found = {name: amount_of(quantities[name]) for name in _COMPUTE if name in quantities}
    return {name: amount for name, amount in found.items() if amount}


def _of(container: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    return (container.get("resources") or {}).get(field) or {}


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()
