"""
What a trigger tells the operator: facts, never a judgement, in JSON that a stranger can read.

``Ending`` is how a DataCube ended, as the object itself said it. An event that is not understood
(another release wrote it, or nobody did) is an error, never a success.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_datacube._redaction import safe_outcome
from airflow_provider_datacube._refusals import ResourceUnknownError
from datacube_api.errors import (
    DataCubeApiError,
    DataCubeConflictError,
    DataCubeError,
    DataCubeForbiddenError,
    DataCubeGoneError,
    DataCubeNotFoundError,
    DataCubeRejectedError,
    DataCubeTimeoutError,
    DataCubeUnavailableError,
)
from datacube_api.reference import CubeRef
from datacube_api.status import Outcome, Phase, evaluate
from datacube_api.transferred import Transferred, transferred

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_API_ERRORS: dict[str, type[DataCubeApiError]] = {
    kind.__name__: kind
    for kind in (
        DataCubeApiError,
        DataCubeConflictError,
        DataCubeForbiddenError,
        DataCubeNotFoundError,
        DataCubeRejectedError,
        DataCubeUnavailableError,
        ResourceUnknownError,
    )
}


@dataclass(frozen=True)
class Ending:
    """
    A DataCube that cannot change any more: which one, how it ended, what is handed on of it.

    No secret ever gets into what is handed on: neither a status nor a URI holds one.
    """

    ref: CubeRef
    outcome: Outcome
    made: Transferred
    is_log_shown: bool = False
    """Whether all of its pod's log stands in the task's log already."""

    @classmethod
    def of(cls, cube: Mapping[str, Any], shown: Collection[str] = ()) -> Ending:
        """Read a DataCube as the API returned it; ``shown``: pods whose logs were shown."""
        outcome = safe_outcome(evaluate(cube.get("status")))
        is_log_shown = bool(outcome.pod) and outcome.pod in shown
        return cls(CubeRef.of(cube), outcome, transferred(cube), is_log_shown)


def to_event(ending: Ending) -> dict[str, Any]:
    """Write down an ending."""
    outcome = {**asdict(ending.outcome), "phase": ending.outcome.phase.value}
    told = {"made": ending.made, "is_log_shown": ending.is_log_shown}
    return {"ref": asdict(ending.ref), "outcome": outcome, **told}


def to_error_event(ref: CubeRef, error: Exception) -> dict[str, Any]:
    """
    Write down why no ending was seen.

    The text of an error that is not ours may hold anything, so only its kind is told.
    """
    told: dict[str, Any] = {"kind": type(error).__name__}
    if isinstance(error, DataCubeError):
        told["message"] = str(error)
    if isinstance(error, DataCubeApiError):
        told["status"] = error.status
    if isinstance(error, DataCubeGoneError):
        told["pod"] = error.pod
    if isinstance(error, DataCubeTimeoutError):
        told["timeout_s"] = error.timeout_s
    return {"ref": asdict(ref), "error": told}


def ref_of(event: object) -> CubeRef | None:
    """Return which DataCube an event is about; None where it is not understood."""
    try:
        return CubeRef(**event["ref"]) if isinstance(event, dict) else None
    except (KeyError, TypeError):
        return None


def from_event(event: object) -> Ending:
    """
    Read back ``to_event``.

    :raises DataCubeError: the one that ``to_error_event`` wrote down, or that the event is not
        understood.
    """
    if not isinstance(event, dict):
        raise _not_understood()
    try:
        ref = CubeRef(**event["ref"])
        if told := event.get("error"):
            error: DataCubeError = _told(ref, told)
        else:
            return _ending(ref, event)
    except (KeyError, TypeError, ValueError) as problem:
        raise _not_understood() from problem
    raise error


def _ending(ref: CubeRef, event: Mapping[str, Any]) -> Ending:
    said = event["outcome"]
    outcome = Outcome(**{**said, "phase": Phase(said["phase"])})
    made = cast("Transferred", dict(event["made"]))
    if missing := Transferred.__required_keys__ - made.keys():
        raise KeyError(*missing)
    return Ending(ref, outcome, made, is_log_shown=event["is_log_shown"] is True)


def _told(ref: CubeRef, told: Mapping[str, Any]) -> DataCubeError:
    kind = told["kind"]
    if kind == DataCubeGoneError.__name__:
        return DataCubeGoneError(ref, told.get("pod", ""))
    if kind == DataCubeTimeoutError.__name__:
        return DataCubeTimeoutError(ref, float(told["timeout_s"]))
    if kind in _API_ERRORS:
        return _API_ERRORS[kind](told["message"], int(told["status"]))
    message = told.get("message") or "the trigger's log has its text"
    return DataCubeError(f"waiting for DataCube {ref} ended with {kind}: {message}")


def _not_understood() -> DataCubeError:
    return DataCubeError(
        "the trigger sent an event that is not understood; do worker and triggerer run the same "
        "release of airflow-provider-datacube?"
    )
