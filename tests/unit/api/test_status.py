from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_api.status import Outcome, Phase, evaluate


def condition(kind: str, status: str, **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


FINISHED = [
    condition("Initialized", "True"),
    condition("Complete", "True", reason="TransferSucceeded", message="done"),
    condition("Failed", "False"),
]


@given(st.permutations(FINISHED))
def test_the_order_of_conditions_means_nothing(conditions: list[dict[str, str]]) -> None:
    assert evaluate({"conditions": conditions}).phase is Phase.SUCCEEDED


@given(st.permutations([condition("Complete", "True"), condition("Failed", "True")]))
def test_failed_wins_over_complete(conditions: list[dict[str, str]]) -> None:
    assert evaluate({"conditions": conditions}).phase is Phase.FAILED


@pytest.mark.parametrize("status", ["False", "Unknown", "true", "", None, True, 1])
@pytest.mark.parametrize("kind", ["Complete", "Failed", "Initialized"])
def test_only_the_string_true_counts(kind: str, status: Any) -> None:
    said = evaluate({"conditions": [{"type": kind, "status": status}]})
    assert said.phase is Phase.PENDING


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"conditions": None},
        {"conditions": []},
        {"phase": "Succeeded"},
        {"phase": "Complete", "conditions": [condition("Succeeded", "True")]},
        {"pod": {"phase": "Succeeded"}},
        {"conditions": [{"status": "True"}]},
    ],
)
def test_what_is_not_known_to_have_ended_is_never_a_success(status: dict[str, Any] | None) -> None:
    assert evaluate(status).phase is Phase.PENDING


def test_running_is_initialized_and_no_more() -> None:
    status = {
        "conditions": [condition("Initialized", "True"), condition("Complete", "False")],
        "pod": {"reference": {"name": "a-batchjob-x"}},
    }
    assert evaluate(status) == Outcome(Phase.RUNNING, pod="a-batchjob-x")


def test_the_deciding_condition_gives_reason_and_message() -> None:
    status = {
        "conditions": [
            condition("Initialized", "True", reason="TransferStarted", message="started"),
            condition("Failed", "True", reason="NetworkError", message="no answer"),
        ]
    }
    assert evaluate(status) == Outcome(Phase.FAILED, "NetworkError", "no answer")


def test_while_it_waits_the_outcome_says_for_what() -> None:
    waiting = condition("Initialized", "False", reason="VolumeNotFound", message="no claim")
    assert evaluate({"conditions": [waiting]}) == Outcome(
        Phase.PENDING, "VolumeNotFound", "no claim"
    )


def test_only_two_phases_are_terminal() -> None:
    assert [phase for phase in Phase if phase.is_terminal] == [Phase.SUCCEEDED, Phase.FAILED]
