from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacube_api.conditions import timestamp
from datacube_runtime.local.jobs.plan import Backoff, JobPlan, plan_job, pod_of
from datacube_runtime.local.jobs.tally import owner_of
from datacube_runtime.local.pods.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Make = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]

BACKOFF = Backoff()
STARTED = {"startTime": "2026-11-23T12:00:00Z"}
NUMBERS: dict[str, Any] = {
    "active": 1,
    "ready": 0,
    "terminating": 0,
    "uncountedTerminatedPods": {},
}
DELETED = {"deletionTimestamp": "2026-11-23T12:00:35Z", "deletionGracePeriodSeconds": 30}


def plan(job: dict[str, Any], pods: list[dict[str, Any]], now: datetime) -> JobPlan:
    return plan_job(job, pods, now, BACKOFF)


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions", ())}


def test_a_new_job_gets_a_pod(make_job: Make, at: At) -> None:
    found = plan(make_job(), [], at(0))
    assert found.create
    assert found.status == {**STARTED, **NUMBERS}


def test_a_job_with_an_active_pod_waits(make_job: Make, make_pod: Make, at: At) -> None:
    status = {**STARTED, **NUMBERS}
    found = plan(make_job(status), [make_pod("Running")], at(5))
    assert found == JobPlan(status)


def test_ready_pods_are_counted(make_job: Make, make_pod: Make, at: At) -> None:
    pod = make_pod("Running")
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert plan(make_job({**STARTED, "active": 1}), [pod], at(5)).status["ready"] == 1


def test_a_pod_of_which_the_status_does_not_know_yet_is_adopted(
    make_job: Make, make_pod: Make, at: At
) -> None:
    found = plan(make_job(STARTED), [make_pod("Pending")], at(5))
    assert not found.create
    assert found.status["active"] == 1


def test_success_completes_it(make_job: Make, make_pod: Make, at: At) -> None:
    found = plan(make_job({**STARTED, "active": 1, "failed": 1}), [make_pod("Succeeded")], at(7))
    assert not found.create
    assert (found.status["succeeded"], found.status["failed"]) == (1, 1)
    assert "active" not in found.status
    assert found.status["completionTime"] == "2026-11-23T12:00:07Z"
    assert conditions(found.status) == {
        "SuccessCriteriaMet": ("True", "CompletionsReached"),
        "Complete": ("True", "CompletionsReached"),
    }


@pytest.mark.parametrize("kind", ["Complete", "Failed"])
def test_a_finished_job_is_left_alone(make_job: Make, at: At, kind: str) -> None:
    status = {**STARTED, "conditions": [{"type": kind, "status": "True"}]}
    assert plan(make_job(status), [], at(99)) == JobPlan(status)


def test_the_next_attempt_comes_after_the_back_off(make_job: Make, make_pod: Make, at: At) -> None:
    job = make_job({**STARTED, "active": 1}, backoffLimit=2)
    pods = [make_pod("Failed", ended_at=5)]
    waiting = plan(job, pods, at(6))
    assert (waiting.create, waiting.again_in_s, waiting.status["failed"]) == (False, 9.0, 1)
    again = plan(make_job(waiting.status, backoffLimit=2), pods, at(15))
    assert again.create
    assert again.status["failed"] == 1


def test_a_pod_whose_container_never_ran_failed_when_it_ceased_to_be_ready(
    make_job: Make, make_pod: Make, at: At
) -> None:
    pod = make_pod("Failed")
    never_ran = {"terminated": {"startedAt": None, "finishedAt": None}}
    pod["status"]["containerStatuses"] = [{"name": "transfer", "state": never_ran}]
    since = {"status": "False", "lastTransitionTime": timestamp(at(4))}
    pod["status"]["conditions"] = [{"type": "Ready", **since}]
    found = plan(make_job({**STARTED, "active": 1}, backoffLimit=2), [pod], at(6))
    assert (found.create, found.again_in_s) == (False, 8.0)


def test_the_back_off_doubles_and_is_capped() -> None:
    delays = [BACKOFF.delay_s(n) for n in (1, 2, 3, 6, 7, 10_000)]
    assert delays == [10.0, 20.0, 40.0, 320.0, 600.0, 600.0]


def test_a_failure_is_counted_once(make_job: Make, make_pod: Make, at: At) -> None:
    pods = [make_pod("Failed", ended_at=5)]
    status = plan(make_job({**STARTED, "active": 1}, backoffLimit=2), pods, at(6)).status
    for _ in range(3):
        status = plan(make_job(status, backoffLimit=2), pods, at(6)).status
    assert status["failed"] == 1


def test_a_failed_pod_may_be_deleted_and_stays_counted(make_job: Make, at: At) -> None:
    found = plan(make_job({**STARTED, "failed": 2}, backoffLimit=2), [], at(60))
    assert found.create
    assert found.status["failed"] == 2


def test_an_active_pod_that_is_gone_was_a_failed_attempt(make_job: Make, at: At) -> None:
    found = plan(make_job({**STARTED, "active": 1}, backoffLimit=1), [], at(60))
    assert (found.create, found.status["failed"]) == (True, 1)


def test_more_failures_than_the_limit_end_it(make_job: Make, make_pod: Make, at: At) -> None:
    found = plan(
        make_job({**STARTED, "active": 1}, backoffLimit=0), [make_pod("Failed", ended_at=5)], at(6)
    )
    assert not found.create
    assert conditions(found.status) == {
        "FailureTarget": ("True", "BackoffLimitExceeded"),
        "Failed": ("True", "BackoffLimitExceeded"),
    }
    assert found.status["failed"] == 1


def test_six_retries_are_the_default(make_job: Make, at: At) -> None:
    assert plan(make_job({**STARTED, "failed": 6}), [], at(999)).create
    assert not plan(make_job({**STARTED, "failed": 7}), [], at(999)).create


def test_a_pod_being_deleted_is_replaced_after_the_back_off(
    make_job: Make, make_pod: Make, at: At
) -> None:
    job = make_job({**STARTED, "active": 1})
    pods = [make_pod("Running", deleted=DELETED)]  # deleted at 5
    found = plan(job, pods, at(6))
    assert (found.create, found.again_in_s) == (False, 9.0)
    assert (found.status["failed"], found.status["terminating"]) == (1, 1)
    assert plan(make_job(found.status), pods, at(15)).create


def test_the_replacement_may_be_asked_to_wait_until_the_pod_is_gone(
    make_job: Make, make_pod: Make, at: At
) -> None:
    job = make_job({**STARTED, "active": 1}, podReplacementPolicy="Failed")
    found = plan(job, [make_pod("Running", deleted=DELETED)], at(99))
    assert not found.create
    assert "failed" not in found.status


def test_the_jobs_own_deadline_ends_its_pods_and_then_the_job(
    make_job: Make, make_pod: Make, at: At
) -> None:
    spec = {"activeDeadlineSeconds": 10, "backoffLimit": 3}
    assert plan(make_job(STARTED, **spec), [make_pod("Running")], at(4)).again_in_s == 6.0
    first = plan(make_job({**STARTED, "active": 1}, **spec), [make_pod("Running")], at(10))
    assert [pod["metadata"]["name"] for pod in first.delete] == ["j-1"]
    assert conditions(first.status) == {"FailureTarget": ("True", "DeadlineExceeded")}
    ending = [make_pod("Running", deleted=DELETED)]
    second = plan(make_job(first.status, **spec), ending, at(11))
    assert (second.delete, second.create) == ((), False)
    assert "Failed" not in conditions(second.status)
    third = plan(make_job(second.status, **spec), [], at(12))
    assert conditions(third.status)["Failed"] == ("True", "DeadlineExceeded")
    assert third.status["failed"] == 1


def test_the_deadline_comes_before_the_next_attempt(make_job: Make, make_pod: Make, at: At) -> None:
    job = make_job({**STARTED, "active": 1}, activeDeadlineSeconds=8)
    assert plan(job, [make_pod("Failed", ended_at=5)], at(6)).again_in_s == 2.0


def test_a_suspended_job_loses_its_pods_but_counts_no_failure(
    make_job: Make, make_pod: Make, at: At
) -> None:
    job = make_job({**STARTED, "active": 1}, suspend=True)
    first = plan(job, [make_pod("Running")], at(5))
    assert len(first.delete) == 1
    assert conditions(first.status) == {"Suspended": ("True", "JobSuspended")}
    assert "startTime" not in first.status
    ending = [make_pod("Running", deleted=DELETED)]
    second = plan(make_job(first.status, suspend=True), ending, at(6))
    third = plan(make_job(second.status, suspend=True), [], at(7))
    resumed = plan(make_job(third.status), [], at(60))
    assert resumed.create
    assert "failed" not in resumed.status
    assert resumed.status["startTime"] == "2026-11-23T12:01:00Z"
    assert conditions(resumed.status) == {"Suspended": ("False", "JobResumed")}


@pytest.mark.parametrize(
    ("field", "value"), [("parallelism", 2), ("completions", 2), ("completionMode", "Indexed")]
)
def test_jobs_of_several_pods_are_refused_by_field(
    make_job: Make, at: At, field: str, value: Any
) -> None:
    found = plan(make_job(**{field: value}), [], at(0))
    assert not found.create
    failed = next(c for c in found.status["conditions"] if c["type"] == "Failed")
    assert failed["reason"] == "UnsupportedJob"
    assert failed["message"].startswith(f"spec.{field}: {value}: ")


def test_a_job_that_comes_to_want_several_pods_ends_the_one_it_has(
    make_job: Make, make_pod: Make, at: At
) -> None:
    pod = make_pod("Running")
    first = plan(make_job({**STARTED, "active": 1}, parallelism=2), [pod], at(5))
    assert first.delete == (pod,)
    assert conditions(first.status) == {"FailureTarget": ("True", "UnsupportedJob")}


def test_no_parallelism_means_no_pod(make_job: Make, at: At) -> None:
    assert not plan(make_job(parallelism=0), [], at(0)).create


def test_the_pod_of_a_job_is_its_own(make_job: Make) -> None:
    pod = pod_of(make_job())
    assert pod["metadata"]["generateName"] == "j-"
    assert pod["metadata"]["labels"] == {"job-name": "j"}
    assert "annotations" not in pod["metadata"]
    assert owner_of(pod) == "job-uid"


@given(
    events=st.lists(st.sampled_from(["tick", "fail", "vanish", "delete", "succeed"]), max_size=30),
    limit=st.integers(min_value=0, max_value=3),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_to_its_pods_it_never_has_two_and_ends_once(
    make_job: Make, events: list[str], limit: int
) -> None:
    world = World(make_job(backoffLimit=limit))
    for event in events:
        world.happen(event)
    assert world.most_active <= 1
    assert world.attempts <= limit + 1
    assert world.created_after_the_end == 0


class World:
    """A Job and its pods, between two looks of the controller."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.pods: list[dict[str, Any]] = []
        self.most_active = self.attempts = self.created_after_the_end = self.seconds = 0
        self.look()

    def happen(self, event: str) -> None:
        active = [p for p in self.pods if p["status"]["phase"] == "Running"]
        for pod in active:
            if event in ("fail", "succeed"):
                pod["status"]["phase"] = {"fail": "Failed", "succeed": "Succeeded"}[event]
                end = {"terminated": {"finishedAt": self.now()}}
                pod["status"]["containerStatuses"] = [{"state": end}]
            elif event == "vanish":
                self.pods.remove(pod)
            elif event == "delete":
                pod["metadata"]["deletionTimestamp"] = self.now()
        self.seconds += 400
        self.look()

    def look(self) -> None:
        was_over = any(c["type"] in ("Complete", "Failed") for c in self.conditions())
        found = plan_job(self.job, self.pods, moment_of(self.now()), BACKOFF)
        self.job = {**self.job, "status": found.status}
        if found.create:
            self.attempts += 1
            self.created_after_the_end += was_over
            self.pods.append({**pod_of(self.job), "status": {"phase": "Running"}})
        alive = [p for p in self.pods if p["status"]["phase"] == "Running"]
        going = [p for p in alive if "deletionTimestamp" not in p["metadata"]]
        self.most_active = max(self.most_active, len(going))

    def conditions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.job["status"].get("conditions", [])
        return found

    def now(self) -> str:
        hours, rest = divmod(self.seconds, 3600)
        return f"2026-11-23T{hours:02}:{rest // 60:02}:{rest % 60:02}Z"
