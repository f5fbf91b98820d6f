from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from datacube_api.reasons import Reason
from datacube_runtime.controller import report

SUCCEEDED = Reason.TRANSFER_SUCCEEDED


def test_a_job_without_a_pod_is_pending(make: Any, now: datetime) -> None:
    status = report.observed({}, make.job(make.cube()), [], now)
    assert status["phase"] == "Pending"
    assert make.conditions(status) == {"Initialized": ("False", "PodPending")}
    assert "pod" not in status
    assert "attempts" not in status


def test_a_pending_pod_tells_its_trouble(make: Any, now: datetime) -> None:
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    pod = make.pod(state=waiting)
    status = report.observed({}, make.job(make.cube(), active=1), [pod], now)
    assert status["conditions"][0]["message"] == "pod pod-1 is pending: ErrImagePull: no such image"
    assert status["pod"]["status"] == "ErrImagePull"
    assert status["phase"] == "Pending"


def test_a_pod_given_up_before_its_start_leaves_what_it_waited_for(
    make: Any, now: datetime
) -> None:
    job = make.job(make.cube(), active=1)
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    stuck = report.observed({}, job, [make.pod("Pending", state=waiting)], now)
    given_up = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}
    ended = make.pod("Failed", state=given_up)
    seen = report.observed(stuck, job, [ended], now)
    assert seen["conditions"] == stuck["conditions"]
    failed = report.observed(seen, make.job(make.cube(), "Failed", failed=1), [ended], now)
    assert failed["conditions"][0] == stuck["conditions"][0]
    assert make.conditions(failed)["Failed"] == ("True", "PodFailed")


def test_a_running_pod_initializes_the_cube(make: Any, now: datetime) -> None:
    status = report.observed({}, make.job(make.cube(), active=1), [make.pod("Running")], now)
    assert make.conditions(status) == {"Initialized": ("True", "TransferStarted")}
    assert status["phase"] == "Running"
    assert status["pod"] == {
        "reference": {"name": "pod-1", "uid": "uid-pod-1"},
        "phase": "Running",
        "status": "Running",
    }
    assert status["startTime"] == "2026-11-23T12:00:01Z"
    assert status["attempts"] == 1


def test_between_two_attempts_it_stays_initialized(make: Any, now: datetime) -> None:
    job = make.job(make.cube(), active=1, failed=1)
    first = report.observed({}, job, [make.pod("Failed", state={"terminated": {}})], now)
    second = report.observed(first, job, [make.pod("Pending", 2)], now)
    assert second["phase"] == "Running"
    assert make.conditions(second)["Initialized"] == ("True", "TransferStarted")
    assert second["attempts"] == 2
    assert second["pod"]["reference"]["name"] == "pod-2"


def test_a_success_has_the_shape_of_the_contract(make: Any, now: datetime) -> None:
    job = make.job(make.cube(), "Complete", succeeded=1, completionTime="2026-11-23T12:00:04Z")
    pod = make.ended_pod(SUCCEEDED, "3 files", files=3)
    status = report.observed({}, job, [pod], now)
    assert make.conditions(status) == {
        "Initialized": ("True", "TransferStarted"),
        "Complete": ("True", "TransferSucceeded"),
        "Failed": ("False", ""),
    }
    assert status["conditions"][1]["message"] == "3 files"
    assert status["phase"] == "Succeeded"
    assert status["pod"]["status"] == "Completed"
    assert status["result"] == {"files": 3}
    assert status["completionTime"] == "2026-11-23T12:00:04Z"


def test_a_success_whose_pod_is_gone_is_a_success(make: Any, now: datetime) -> None:
    status = report.observed({}, make.job(make.cube(), "Complete", succeeded=1), [], now)
    assert status["phase"] == "Succeeded"
    assert status["conditions"][1]["message"] == "The DataCube is complete"
    assert "result" not in status


def test_a_failure_has_all_three_conditions_and_the_transfers_reason(
    make: Any, now: datetime
) -> None:
    pod = make.ended_pod(Reason.SOURCE_NOT_FOUND, "no such repository")
    status = report.observed({}, make.job(make.cube(), "Failed", failed=1), [pod], now)
    assert make.conditions(status) == {
        "Initialized": ("True", "TransferStarted"),
        "Complete": ("False", "SourceNotFound"),
        "Failed": ("True", "SourceNotFound"),
    }
    assert status["conditions"][2]["message"] == "no such repository"
    assert status["phase"] == "Failed"
    assert status["completionTime"] == "2026-11-23T12:00:04Z"


def test_a_failure_after_retries_counts_them_and_tells_the_last(make: Any, now: datetime) -> None:
    pods = [
        make.ended_pod(Reason.ENGINE_FAILED, "first", 1),
        make.ended_pod(Reason.NETWORK_ERROR, "third", 3),
        make.ended_pod(Reason.ENGINE_FAILED, "second", 2),
    ]
    status = report.observed({}, make.job(make.cube(), "Failed", failed=3), pods, now)
    failed = status["conditions"][-1]
    assert (failed["reason"], failed["message"]) == ("NetworkError", "after 3 attempts: third")


def test_a_failure_before_any_start_keeps_what_was_waited_for(make: Any, now: datetime) -> None:
    job = make.job(make.cube(), active=1)
    waiting = {"waiting": {"reason": "ErrImagePull"}}
    before = report.observed({}, job, [make.pod(state=waiting)], now)
    pod = make.pod("Failed", state=waiting, reason="DeadlineExceeded")
    status = report.observed(before, make.job(make.cube(), "Failed", failed=1), [pod], now)
    assert make.conditions(status)["Initialized"] == ("False", "PodPending")
    assert make.conditions(status)["Failed"] == ("True", "DeadlineExceeded")


@pytest.mark.parametrize("pods", [0, 1])
def test_a_failure_whose_pods_are_gone_is_told_by_the_job(
    make: Any, now: datetime, pods: int
) -> None:
    job = make.job(make.cube(), "Failed", failed=1)
    status = report.observed({}, job, [make.pod("Running")][:pods], now)
    failed = status["conditions"][-1]
    assert failed["reason"] == "BackoffLimitExceeded"
    assert "reached the specified backoff limit" in failed["message"]


def test_a_job_that_says_nothing_about_its_failure_is_believed(make: Any, now: datetime) -> None:
    job = make.job(make.cube())
    job["status"] = {"conditions": [{"type": "Failed", "status": "True"}]}
    status = report.observed({}, job, [], now)
    assert status["conditions"][-1]["message"] == "Job cube-batchjob failed: no reason given"
    assert "completionTime" not in status


def test_a_condition_of_the_job_that_is_not_true_ends_nothing(make: Any, now: datetime) -> None:
    job = make.job(make.cube(), "Complete")
    job["status"]["conditions"][1]["status"] = "False"
    assert report.observed({}, job, [make.pod("Running")], now)["phase"] == "Running"


def test_saying_it_again_changes_nothing(make: Any, now: datetime) -> None:
    job, pods = make.job(make.cube(), active=1), [make.pod("Running")]
    once = report.observed({}, job, pods, now)
    assert report.observed(once, job, pods, now + timedelta(minutes=1)) == once


def test_transition_times_are_kept(make: Any, now: datetime) -> None:
    running = report.observed({}, make.job(make.cube(), active=1), [make.pod("Running")], now)
    job = make.job(make.cube(), "Complete", succeeded=1)
    later = now + timedelta(minutes=1)
    done = report.observed(running, job, [make.ended_pod(SUCCEEDED)], later)
    times = {c["type"]: c["lastTransitionTime"] for c in done["conditions"]}
    assert times["Initialized"] == "2026-11-23T12:00:05Z"
    assert times["Complete"] == "2026-11-23T12:01:05Z"


def test_the_pod_and_the_attempts_are_not_forgotten_with_the_pod(make: Any, now: datetime) -> None:
    job = make.job(make.cube(), active=1)
    before = report.observed({}, job, [make.pod("Running")], now)
    job["status"] = {}
    after = report.observed(before, job, [], now)
    assert after == before


def test_what_others_wrote_into_the_status_stays(make: Any, now: datetime) -> None:
    mine = {"type": "Paused", "status": "False"}
    status = report.observed({"note": 1, "conditions": [mine]}, make.job(make.cube()), [], now)
    assert status["note"] == 1
    assert mine in status["conditions"]


def test_a_waiting_reason_never_replaces_a_started_attempt(make: Any, now: datetime) -> None:
    running = report.observed({}, make.job(make.cube(), active=1), [make.pod("Running")], now)
    assert report.waiting(running, Reason.POD_PENDING, "again", now) == running


@pytest.mark.parametrize(
    ("ended", "counts", "seen", "conclusive"),
    [
        ("", {"active": 1}, [], True),
        ("Complete", {"succeeded": 1}, [], False),
        ("Complete", {"succeeded": 1}, ["Running"], False),
        ("Complete", {"succeeded": 1}, ["Succeeded"], True),
        ("Failed", {"failed": 2}, ["Failed"], False),
        ("Failed", {"failed": 2}, ["Failed", "Failed"], True),
        ("Failed", {}, [], False),
    ],
)
def test_the_end_is_told_only_with_the_pods_that_made_it(
    make: Any, ended: str, counts: Any, seen: list[str], *, conclusive: bool
) -> None:
    pods = [make.pod(phase, number) for number, phase in enumerate(seen)]
    assert report.is_conclusive(make.job(make.cube(), ended, **counts), pods) is conclusive
