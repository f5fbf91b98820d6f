"""
What the page shows of one DataCube: pure, from the object and the facts around it.

The facts have passed ``_redaction`` already; what is wrong, and what mends it, the same table says
that explains a failed task.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._explanation import lead_of
from airflow_provider_datacube._page.manifest import manifest_of
from airflow_provider_datacube._page.progress import last_progress
from airflow_provider_datacube._redaction import safe
from airflow_provider_datacube._troubles import troubles
from datacube_api.errors import DataCubeFailedError
from datacube_api.reference import CubeRef
from datacube_api.status import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_datacube._facts import Facts


def details_of(cube: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return conditions, pod, Events, the log's end, YAML, progress and trouble, as JSON has it."""
    return {
        "conditions": [_condition(said) for said in _conditions(cube)],
        "trouble": _trouble(cube, facts),
        "pod": _pod(facts),
        "events": [asdict(event) for event in facts.events],
        "log": list(facts.log),
        "progress": _progress(facts.log),
        "missing": [_missing(asdict(missing)) for missing in facts.missing],
        "yaml": manifest_of(cube),
    }


def without_log(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same for somebody who may not read logs."""
    why = "you may not read the logs of this DAG's tasks"
    said = {"what": "the pod's log", "why": why}
    return {**details, "log": [], "progress": None, "missing": [*details["missing"], said]}


def _conditions(cube: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (cube.get("status") or {}).get("conditions") or ()


def _condition(said: Mapping[str, Any]) -> dict[str, str]:
    fields = ("type", "status", "reason", "message", "lastTransitionTime")
    return {field: safe(said.get(field) or "") for field in fields}


def _trouble(cube: Mapping[str, Any], facts: Facts) -> dict[str, str] | None:
    """Return what is wrong, what that means and what mends it; None where nothing is known."""
    outcome = facts.outcome
    if outcome and outcome.phase is Phase.FAILED:
        error = DataCubeFailedError(CubeRef.of(cube), outcome)
        found = lead_of(error, outcome, troubles(facts))
        return {"text": found.text, "means": found.means, "mend": found.mend}
    is_over = outcome and outcome.phase is Phase.SUCCEEDED
    first = None if is_over else next(iter(troubles(facts)), None)
    return {"text": str(first), "means": first.means, "mend": first.mend} if first else None


def _pod(facts: Facts) -> dict[str, Any] | None:
    if facts.pod is None:
        return None
    return {
        "name": facts.pod.name,
        "node": facts.pod.node,
        "phase": facts.pod.phase,
        "containers": [str(container) for container in facts.pod.containers],
    }


def _progress(log: Iterable[str]) -> dict[str, Any] | None:
    if (last := last_progress(log)) is None:
        return None
    return {"fraction": last.fraction, "text": last.to_line().partition(" [")[0]}


def _missing(missing: Mapping[str, str]) -> dict[str, str]:
    """Say what could not be found out, with the mend."""
    grant = missing["grant"]
    mend = f": let the connection's account {grant}" if grant else ""
    return {"what": missing["what"], "why": f"{missing['why']}{mend}"}
