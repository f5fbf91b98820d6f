from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from datacube_api.reasons import Reason
from datacube_runtime.controller import report
from datacube_runtime.controller.happenings import Happening, between, event_manifest

NOW = datetime(2026, 11, 23, 12, 0, 5, 123456, tzinfo=UTC)


def words(before: Any, after: Any) -> list[tuple[str, bool]]:
    return [(h.reason, h.is_warning) for h in between(before, after)]


def test_waiting_is_told_when_its_cause_changes() -> None:
    first = report.waiting({}, Reason.POD_PENDING, "no node", NOW)
    assert words(None, first) == [("PodPending", False)]
    assert words(first, first) == []
    other = report.waiting(first, Reason.POD_PENDING, "no image", NOW)
    assert words(first, other) == [("PodPending", False)]


def test_a_failure_is_a_warning_with_its_reason() -> None:
    ended = report.failed({"attempts": 1}, Reason.NO_SPACE_LEFT, "full", NOW)
    assert words({"attempts": 1}, ended) == [("NoSpaceLeft", True)]


def test_a_success_is_told_with_its_reason() -> None:
    done = {"type": "Complete", "status": "True", "reason": Reason.TRANSFER_SUCCEEDED}
    assert words({}, {"conditions": [done]}) == [("TransferSucceeded", False)]


def test_that_somebody_holds_it_back_is_told() -> None:
    held = report.suspended({}, "stopped: annotation", NOW)
    assert words({}, held) == [("Suspended", False)]


def test_what_befalls_the_pod_of_one_that_runs_is_told_and_not_that_it_is_over() -> None:
    def running(message: str) -> Any:
        said = {"type": "Initialized", "status": "True", "message": message}
        return {"conditions": [said]}

    quiet, taken = running("The DataCube is initialized"), running("…; pod x was deleted")
    assert words(quiet, taken) == [("Waiting", False)]
    assert words(taken, taken) == []
    assert words(taken, quiet) == []


def test_an_attempt_more_is_a_retry_and_the_first_is_not() -> None:
    assert words({}, {"attempts": 1}) == []
    assert words({"attempts": 1}, {"attempts": 2}) == [("Retrying", False)]


def test_an_event_says_about_which_object_it_is(make: Any) -> None:
    happening = Happening("R", "Do", "x" * 2000, is_warning=True)
    event = event_manifest(make.cube(), happening, NOW, "host_1", "abc")
    assert event["metadata"] == {"name": "cube.abc", "namespace": "ns"}
    assert event["regarding"]["uid"] == "uid-cube"
    assert event["type"] == "Warning"
    assert len(event["note"]) == 1024
    assert event["eventTime"] == "2026-11-23T12:00:05.123456Z"
