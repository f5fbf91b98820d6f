from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.jobs.happenings import news
from datacube_runtime.local.jobs.plan import Backoff, JobPlan, plan_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Make = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]

DONE = {
    "type": "Complete",
    "status": "True",
    "reason": "CompletionsReached",
    "message": "Reached expected number of succeeded pods",
    "lastTransitionTime": "2026-11-23T12:00:05Z",
}
REACHED = {"reason": "BackoffLimitExceeded", "message": "Job has reached the limit"}


def plan(job: dict[str, Any], now: datetime) -> JobPlan:
    return plan_job(job, [], now, Backoff())


@pytest.mark.parametrize("kind", ["Complete", "Failed"])
def test_a_finished_job_is_removed_when_its_time_is_over(make_job: Make, at: At, kind: str) -> None:
    status = {"conditions": [{**DONE, "type": kind}]}
    job = make_job(status, ttlSecondsAfterFinished=10)
    assert plan(job, at(6)) == JobPlan(status, again_in_s=9.0)
    assert plan(job, at(15)) == JobPlan(status, remove=True)


def test_no_time_to_live_keeps_it_and_none_at_all_removes_it_at_once(
    make_job: Make, at: At
) -> None:
    status = {"conditions": [DONE]}
    assert plan(make_job(status), at(99999)) == JobPlan(status)
    assert plan(make_job(status, ttlSecondsAfterFinished=0), at(5)).remove


def test_a_job_that_is_going_is_not_removed_twice(make_job: Make, at: At) -> None:
    job = make_job({"conditions": [DONE]}, ttlSecondsAfterFinished=0)
    job["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:06Z"
    assert not plan(job, at(99)).remove


def test_a_job_that_is_going_gets_no_pod(make_job: Make, at: At) -> None:
    job = make_job()
    job["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:06Z"
    assert not plan(job, at(99)).create


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (DONE, [("Normal", "Completed", "Job completed")]),
        (
            {"type": "Failed", "status": "True", **REACHED},
            [("Warning", "BackoffLimitExceeded", "Job has reached the limit")],
        ),
        ({"type": "FailureTarget", "status": "True", **REACHED}, []),
        ({"type": "Suspended", "status": "True"}, [("Normal", "Suspended", "Job suspended")]),
        ({"type": "Suspended", "status": "False"}, [("Normal", "Resumed", "Job resumed")]),
    ],
)
def test_what_becomes_of_a_job_is_told_once(
    condition: dict[str, Any], told: list[tuple[str, str, str]]
) -> None:
    after = {"conditions": [condition]}
    assert [(h.type, h.reason, h.message) for h in news({}, after)] == told
    assert list(news(after, after)) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"restartPolicy": "OnFailure"}, "spec.template.spec.restartPolicy:"),
        ({"initContainers": [{"name": "i"}]}, "spec.template.spec.initContainers:"),
        ({"containers": [{"name": "c"}]}, "spec.template.spec.containers[0].command:"),
    ],
)
def test_a_job_whose_pods_cannot_run_is_refused_at_once(
    make_job: Make, at: At, change: dict[str, Any], field: str
) -> None:
    job = make_job()
    job["spec"]["template"]["spec"] |= change
    found = plan(job, at(0))
    assert not found.create
    failed = next(c for c in found.status["conditions"] if c["type"] == "Failed")
    assert failed["reason"] == "UnsupportedJob"
    assert failed["message"].startswith(field)


def test_a_suspended_job_is_not_looked_at_until_it_is_resumed(make_job: Make, at: At) -> None:
    job = make_job(suspend=True)
    job["spec"]["template"]["spec"]["containers"] *= 2
    status = plan(job, at(0)).status
    assert [c["type"] for c in status["conditions"]] == ["Suspended"]
    job["spec"]["suspend"] = False
    (*_, failed) = plan({**job, "status": status}, at(1)).status["conditions"]
    assert (failed["type"], failed["reason"]) == ("Failed", "UnsupportedJob")


def test_a_job_that_another_controller_manages_is_left_to_it(make_job: Make, at: At) -> None:
    assert plan(make_job(managedBy="kubernetes.io/job-controller"), at(0)).create
    assert not plan(make_job(managedBy="example.org/queue"), at(0)).create
