from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from datacube_api.conditions import timestamp, with_condition
from datacube_api.status import ConditionType, Phase, evaluate

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def test_a_new_condition_joins_the_others() -> None:
    old = [{"type": "Initialized", "status": "True"}]
    new = with_condition(
        old, ConditionType.COMPLETE, is_true=True, reason="R", message="m", now=NOON
    )
    assert new == [
        {"type": "Initialized", "status": "True"},
        {
            "type": "Complete",
            "status": "True",
            "reason": "R",
            "message": "m",
            "lastProbeTime": "2026-11-23T12:00:00Z",
            "lastTransitionTime": "2026-11-23T12:00:00Z",
        },
    ]
    assert old == [{"type": "Initialized", "status": "True"}]


def test_saying_the_same_again_changes_nothing() -> None:
    once = with_condition([], ConditionType.FAILED, is_true=False, reason="", message="", now=NOON)
    assert with_condition(
        once, ConditionType.FAILED, is_true=False, reason="", message="", now=LATER
    ) == (once)


@pytest.mark.parametrize(("is_true", "since"), [(False, NOON), (True, LATER)])
def test_the_transition_time_moves_with_the_status_only(*, is_true: bool, since: datetime) -> None:
    once = with_condition([], ConditionType.FAILED, is_true=False, reason="A", message="", now=NOON)
    (now,) = with_condition(
        once, ConditionType.FAILED, is_true=is_true, reason="B", message="", now=LATER
    )
    assert now["lastTransitionTime"] == timestamp(since)
    assert now["lastProbeTime"] == timestamp(LATER)
    assert now["reason"] == "B"


def test_the_place_in_the_list_is_kept() -> None:
    first = with_condition(
        [], ConditionType.INITIALIZED, is_true=False, reason="", message="", now=NOON
    )
    both = with_condition(
        first, ConditionType.FAILED, is_true=True, reason="", message="", now=NOON
    )
    new = with_condition(
        both, ConditionType.INITIALIZED, is_true=True, reason="", message="", now=LATER
    )
    assert [c["type"] for c in new] == ["Initialized", "Failed"]


def test_what_is_written_is_what_is_read() -> None:
    conditions = with_condition(
        [], ConditionType.COMPLETE, is_true=True, reason="R", message="m", now=NOON
    )
    assert evaluate({"conditions": conditions}).phase is Phase.SUCCEEDED
