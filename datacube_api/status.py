"""
The one place that gives a DataCube's status its meaning.

Everybody who asks "is it done?" asks ``evaluate``: operator, trigger, sensor and controller.
``status.phase`` is informative only; the conditions decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Phase(StrEnum):
    """Where a DataCube is in its one life."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def is_terminal(self) -> bool:
        """Whether it cannot change any more."""
        return self in (Phase.SUCCEEDED, Phase.FAILED)


class ConditionType(StrEnum):
    """The three conditions of the contract."""

    INITIALIZED = "Initialized"
    COMPLETE = "Complete"
    FAILED = "Failed"


# Failed wins over Complete: a wrong success is worse than a wrong failure.
_BY_PRECEDENCE = (
    (ConditionType.FAILED, Phase.FAILED),
    (ConditionType.COMPLETE, Phase.SUCCEEDED),
    (ConditionType.INITIALIZED, Phase.RUNNING),
)


@dataclass(frozen=True)
class Outcome:
    """
    What a status says: phase, the deciding condition's reason and message, and the pod.

    ``pod_status`` is the word that ``kubectl get pods`` shows (``Running``, ``ImagePullBackOff``):
    it decides nothing, and two outcomes that differ in it alone are equal.
    """

    phase: Phase
    reason: str = ""
    message: str = ""
    pod: str = ""
    pod_status: str = field(default="", compare=False)

    @property
    def why(self) -> str:
        """Reason and message in one, as Kubernetes tells them: ``Evicted: the node was low…``."""
        return ": ".join(filter(None, (self.reason, self.message)))


def evaluate(status: Mapping[str, Any] | None) -> Outcome:
    """
    Reduce a raw ``status`` (as the API returns it) to one outcome.

    The order of the conditions means nothing, nor does the mere presence of a type. A condition of
    an unknown type, and any ``status`` other than the string "True", says nothing: what is not
    known to have ended is never a success.

    Source: "Conditions" in the contract.
    """
    status = status or {}
    pod = _pod_of(status)
    conditions = status.get("conditions") or ()
    true = {c.get("type"): c for c in conditions if c.get("status") == "True"}
    for kind, phase in _BY_PRECEDENCE:
        if condition := true.get(kind):
            reason, message = condition.get("reason") or "", condition.get("message") or ""
            return Outcome(phase, reason, message, *pod)
    # While it waits, the Initialized condition may already say for what.
    waiting: Mapping[str, Any] = next(
        (c for c in conditions if c.get("type") == ConditionType.INITIALIZED), {}
    )
    reason, message = waiting.get("reason") or "", waiting.get("message") or ""
    return Outcome(Phase.PENDING, reason, message, *pod)


def _pod_of(status: Mapping[str, Any]) -> tuple[str, str]:
    pod = status.get("pod") or {}
    return (pod.get("reference") or {}).get("name") or "", pod.get("status") or ""


def has_condition(status: Mapping[str, Any] | None, kind: str) -> bool:
    """
    Tell whether a raw ``status`` has a condition of any type, the contract's or another's.

    Complete and Failed exclude each other, so ``evaluate`` decides on them; of every other type
    the condition itself does, by the string "True".
    """
    if kind in (ConditionType.COMPLETE, ConditionType.FAILED):
        return evaluate(status).phase is dict(_BY_PRECEDENCE)[ConditionType(kind)]
    conditions = (status or {}).get("conditions") or ()
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)
