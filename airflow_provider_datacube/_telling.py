"""
What a task's log says of a DataCube while it is waited for: a line for each change that matters.

Made from what the watch brings anyway. A pod that cannot start (a Secret is missing, an image) is
such a change: the task would wait in silence for what somebody could mend at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_datacube._mends import KUBERNETES
from airflow_provider_datacube._redaction import safe_outcome

if TYPE_CHECKING:
    from datacube_api.reference import CubeRef
    from datacube_api.status import Outcome


class Log(Protocol):
    """What is needed of a logger, Airflow's included."""

    def info(self, msg: str, /, *args: Any) -> Any:
        """Say what happened."""

    def warning(self, msg: str, /, *args: Any) -> Any:
        """Say what is amiss."""


def mark(outcome: Outcome) -> int:
    """Return what differs for two outcomes of which each is worth a line: small, many are kept."""
    return hash((outcome, _trouble(outcome)))


def tell(log: Log, ref: CubeRef, outcome: Outcome) -> None:
    """Say how a DataCube is."""
    trouble = _trouble(outcome)
    shown = safe_outcome(outcome)
    told = [shown.why]
    if trouble and trouble not in shown.message:
        told.append(f"pod {shown.pod}: {trouble}")
    why = "; ".join(filter(None, told))
    line = f"DataCube {ref}: {outcome.phase}" + (f" ({why})" if why else "")
    if trouble:
        log.warning("%s; %s", line, KUBERNETES[trouble].mend)
    else:
        log.info("%s", line)


def _trouble(outcome: Outcome) -> str:
    """Return the pod's word where somebody has to do something about it; not at the end."""
    is_trouble = outcome.pod_status in KUBERNETES and not outcome.phase.is_terminal
    return outcome.pod_status if is_trouble else ""
