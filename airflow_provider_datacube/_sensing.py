"""
What a sensor makes of the DataCubes that it sees: there, not yet, or never.

Pure, and the same for a sensor that pokes and one that is deferred; what a status means it asks
``datacube_api``. A judgement travels from triggerer to worker as JSON; one that is not understood
is an error, never a success.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow_provider_datacube._explaining import failure
from airflow_provider_datacube._failures import is_final
from datacube_api.errors import DataCubeError
from datacube_api.reference import CubeRef
from datacube_api.status import ConditionType, Phase, evaluate, has_condition
from datacube_api.transferred import transferred

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_datacube._selection import Selection

Match: TypeAlias = Literal["all", "any"]
IfMissing: TypeAlias = Literal["wait", "fail"]
IfFailed: TypeAlias = Literal["fail", "wait"]

# After these nothing changes any more, so one of them without the other is for good.
_LAST = (ConditionType.COMPLETE, ConditionType.FAILED)


class Verdict(StrEnum):
    """What is to be done about it."""

    MET = "met"
    WAIT = "wait"
    NEVER = "never"
    LATE = "late"
    ERROR = "error"


@dataclass(frozen=True)
class Judgement:
    """A verdict, why, and (where it is met) the summaries of the DataCubes that meet it."""

    verdict: Verdict
    why: str = ""
    cubes: tuple[Mapping[str, Any], ...] = ()

    def to_event(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "verdict": self.verdict.value, "cubes": list(self.cubes)}


@dataclass(frozen=True)
class Condition:
    """What is waited for, of how many, and what else ends the wait."""

    kind: str = ConditionType.COMPLETE
    match: Match = "all"
    if_missing: IfMissing = "wait"
    if_failed: IfFailed = "fail"

    def judge(self, selection: Selection, cubes: Sequence[Mapping[str, Any]]) -> Judgement:
        """Judge all the DataCubes that the selection matches at one moment."""
        if not cubes:
            missing = f"{selection}: there is none"
            return Judgement(Verdict.NEVER if self.if_missing == "fail" else Verdict.WAIT, missing)
        met = [cube for cube in cubes if has_condition(cube.get("status"), self.kind)]
        if met and (self.match == "any" or len(met) == len(cubes)):
            return Judgement(Verdict.MET, cubes=tuple(map(transferred, met)))
        lost = [cube for cube in cubes if self._is_lost(cube)]
        if lost and (self.match == "all" or len(lost) == len(cubes)):
            return Judgement(Verdict.NEVER, self._why(lost[0]))
        return Judgement(Verdict.WAIT, f"{selection}: {len(met)} of {len(cubes)} {self.kind}")

    def _is_lost(self, cube: Mapping[str, Any]) -> bool:
        phase = evaluate(cube.get("status")).phase
        if phase is Phase.FAILED:
            return self.if_failed == "fail" and self.kind != ConditionType.FAILED
        return phase is Phase.SUCCEEDED and self.kind == ConditionType.FAILED

    def _why(self, cube: Mapping[str, Any]) -> str:
        ref, outcome = CubeRef.of(cube), evaluate(cube.get("status"))
        if outcome.phase is not Phase.FAILED:
            return f"DataCube {ref} is complete, and will not fail any more"
        error = failure(ref, outcome)
        return f"{error} (pod {error.pod})" if error.pod else str(error)

    def ends_with_the_transfer(self) -> bool:
        """Tell whether the end of a transfer decides; other conditions may come at any time."""
        return self.kind in _LAST


def of_error(error: Exception) -> Judgement:
    """
    Return the judgement for a wait that broke off.

    The text of an error that is not ours may hold anything, so only its kind is told.
    """
    if not isinstance(error, DataCubeError):
        kind = type(error).__name__
        return Judgement(
            Verdict.ERROR, f"waiting ended with {kind}: the trigger's log has its text"
        )
    return Judgement(Verdict.NEVER if is_final(error) else Verdict.ERROR, str(error))


def late(selection: Selection, condition: Condition, timeout_s: float) -> Judgement:
    """Return the judgement for a wait whose time is up."""
    return Judgement(
        Verdict.LATE, f"{selection}: not {condition.kind} within {timeout_s:g} seconds"
    )


def from_event(event: object) -> Judgement:
    """Read back ``Judgement.to_event``; what is not understood is an error."""
    try:
        said: Any = event
        verdict = Verdict(said["verdict"])
        judgement = Judgement(verdict, str(said["why"]), tuple(map(dict, said["cubes"])))
    except (KeyError, TypeError, ValueError):
        judgement = Judgement(Verdict.WAIT)
    if judgement.verdict is not Verdict.WAIT:
        return judgement
    return Judgement(
        Verdict.ERROR,
        "the trigger sent an event that is not understood; do worker and triggerer run the same "
        "release of airflow-provider-datacube?",
    )
