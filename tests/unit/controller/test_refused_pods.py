"""A Job that is refused, and a pod that is refused to a Job: who says why, and how it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Phase, evaluate
from datacube_runtime.controller import podless
from datacube_runtime.controller.actions import PatchStatus
from datacube_runtime.controller.api import CUBES, JOBS, PODS, ApiError
from datacube_runtime.controller.reconcile import plan

if TYPE_CHECKING:
    from datacube_runtime.controller.settings import Settings

QUOTA = 'pods "cube-batchjob-x" is forbidden: exceeded quota: compute, requested: pods=1'
WEBHOOK = 'admission webhook "images.example.com" denied the request: unsigned'
BROKEN = 'failed calling webhook "images.example.com": connection refused'
STARTED = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)  # as the Jobs of `make` say


def event(message: str, **times: Any) -> dict[str, Any]:
    return {"metadata": {"name": "e"}, "reason": "FailedCreate", "message": message, **times}


def failed_pod(make: Any, number: int = 1) -> dict[str, Any]:
    """A pod whose container ran, and ended as many seconds after the start of the Job."""
    ended = (STARTED + timedelta(seconds=number)).isoformat()
    return make.pod("Failed", number, state={"terminated": {"exitCode": 1, "finishedAt": ended}})


@pytest.mark.parametrize(
    "refusal",
    [
        ApiError(403, "Forbidden", QUOTA),
        ApiError(400, "", WEBHOOK),  # what a webhook says that chooses no code
        ApiError(422, "", WEBHOOK),
        ApiError(500, "InternalError", BROKEN),
    ],
)
async def test_who_refuses_a_job_is_named_until_it_is_let_in(
    make: Any, api: Any, running: Any, until: Any, refusal: ApiError
) -> None:
    api.add_claim()
    api.refuse["create jobs"] = refusal
    api.put(CUBES, make.cube())
    async with running():
        await until(lambda: str(refusal) in evaluate(api.status()).message)
        assert evaluate(api.status()).phase is Phase.PENDING
        await until(lambda: "create events" in api.events)
        api.refuse.clear()
        await until(api.job)


@pytest.mark.parametrize(
    "refusal",
    [ApiError(400, "BadRequest", "no such field"), ApiError(422, "Invalid", "no such field")],
)
async def test_what_the_api_itself_finds_wrong_ends_the_cube(
    make: Any, api: Any, running: Any, until: Any, refusal: ApiError
) -> None:
    api.add_claim()
    api.refuse["create jobs"] = refusal
    api.put(CUBES, make.cube())
    async with running():
        await until(lambda: evaluate(api.status()).reason == "InvalidSpec")


async def test_who_refuses_a_pod_is_read_from_the_jobs_events(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.told_of_jobs = [event(QUOTA, lastTimestamp="2026-11-23T12:00:02Z")]
    api.put(JOBS, make.job(api.put(CUBES, make.cube())))
    async with running():
        await until(lambda: QUOTA in evaluate(api.status()).message)
        assert evaluate(api.status()).message.startswith("Job cube-batchjob has no pod yet: Failed")
        api.run_pod(make.pod("Running"))
        await until(lambda: evaluate(api.status()).phase is Phase.RUNNING)
    asked = "events ns involvedObject.uid=uid-cube-job,reason=FailedCreate"
    assert asked in api.listed


async def test_who_refuses_the_pod_of_another_attempt_is_told_beside_what_has_been(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.told_of_jobs = [event(QUOTA, lastTimestamp="2026-11-23T12:00:12Z")]
    api.put(JOBS, make.job(api.put(CUBES, make.cube())))
    api.run_pod(failed_pod(make))
    async with running():
        await until(lambda: QUOTA in evaluate(api.status()).message)
        outcome = evaluate(api.status())
        assert outcome.phase is Phase.RUNNING
        assert "Job cube-batchjob has no pod yet for another attempt after pod-1" in outcome.message
        api.run_pod(make.pod("Running", 2, state={"running": {}}))
        await until(lambda: evaluate(api.status()).message == "The DataCube is initialized")


async def test_who_refuses_the_next_pod_is_told_also_when_the_last_one_was_taken_away(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.told_of_jobs = [event(QUOTA, lastTimestamp="2026-11-23T12:00:12Z")]
    api.put(JOBS, make.job(api.put(CUBES, make.cube())))
    taken = make.pod("Running", state={"running": {}})
    taken["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:11Z"
    api.run_pod(taken)
    async with running():
        await until(lambda: "lost when the pod is gone" in evaluate(api.status()).message)
        api.drop(PODS, "pod-1")
        await until(lambda: QUOTA in evaluate(api.status()).message)
        assert "lost when the pod is gone" not in evaluate(api.status()).message


def test_an_attempt_that_never_ran_and_whose_successor_is_refused_still_waits(
    make: Any, settings: Settings
) -> None:
    cube, pods = make.cube(), (make.pod("Failed", reason="NodeAffinity"),)
    now = STARTED + timedelta(seconds=60)
    planned = plan(cube, make.job(cube), pods, None, now, settings, refused="FailedCreate: no")
    (said,) = planned.actions
    assert isinstance(said, PatchStatus)
    outcome = evaluate(said.status)
    assert outcome.phase is Phase.PENDING
    assert outcome.message.endswith("no pod yet for another attempt after pod-1: FailedCreate: no")


async def test_who_may_not_read_events_goes_on_without(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.refuse["list events"] = ApiError(403, "Forbidden", "events is forbidden")
    api.put(JOBS, make.job(api.put(CUBES, make.cube())))
    async with running():
        await until(lambda: evaluate(api.status()).message == "Job cube-batchjob has no pod yet")


@pytest.mark.parametrize(("waited_s", "again_s"), [(2, 3), (3, 3), (100, 100), (5000, 300)])
def test_events_are_read_after_a_moment_and_ever_more_seldom(
    make: Any, waited_s: float, again_s: float
) -> None:
    job, now = make.job(make.cube()), STARTED + timedelta(seconds=waited_s)
    assert podless.waits_in_vain(job, (), now) is (waited_s >= podless.QUIET_S)
    assert podless.look_again_s(job, (), now) == again_s


@pytest.mark.parametrize(
    ("failures", "ordinary_s", "again_s"), [(1, 13, 13), (2, 23, 23), (6, 323, 300), (9, 603, 300)]
)
def test_after_a_failure_the_next_pod_may_take_as_long_as_kubernetes_backs_off(
    make: Any, failures: int, ordinary_s: int, again_s: int
) -> None:
    job = make.job(make.cube())
    pods = [failed_pod(make, number) for number in range(1, failures + 1)]
    ended = STARTED + timedelta(seconds=failures)
    soon = ended + timedelta(seconds=ordinary_s - 1)
    assert not podless.waits_in_vain(job, pods, soon)
    assert podless.look_again_s(job, pods, soon) == again_s
    assert podless.waits_in_vain(job, pods, ended + timedelta(seconds=ordinary_s))


def test_a_job_that_has_a_pod_or_is_held_or_over_lacks_none(make: Any) -> None:
    job = make.job(make.cube())
    assert podless.lacks_a_pod(job, ())
    assert podless.lacks_a_pod(job, (failed_pod(make),))
    assert not podless.lacks_a_pod(job, (make.pod(),))
    assert not podless.lacks_a_pod(job, (failed_pod(make), make.pod("Running", 2)))
    assert not podless.lacks_a_pod(job, (make.pod("Succeeded"),))
    assert not podless.lacks_a_pod({**job, "spec": {"suspend": True}}, ())
    assert not podless.lacks_a_pod(make.job(make.cube(), ended="Failed"), ())


def test_the_newest_event_counts_in_whatever_form_it_tells_its_time(make: Any) -> None:
    job, last = make.job(make.cube()), "2026-11-23T12:00:03.1Z"
    old = event("old", lastTimestamp="2026-11-23T12:00:02Z")
    series = event("new", series={"lastObservedTime": last}, eventTime="2026-11-23T12:00:01Z")
    assert podless.why(job, (), [series, old]) == "FailedCreate: new"
    assert podless.why(job, (), []) == ""
    assert podless.why(job, (), [event("", eventTime=last)]) == "FailedCreate: no message"
    assert podless.why(job, (), [event("who knows when")]) == ""


def test_what_was_refused_before_the_last_attempt_is_over(make: Any) -> None:
    job, pods = make.job(make.cube()), (failed_pod(make, 1),)
    before = event("before", lastTimestamp="2026-11-23T12:00:01Z")
    after = event("after", lastTimestamp="2026-11-23T12:00:15Z")
    assert podless.why(job, pods, [before]) == ""
    assert podless.why(job, pods, [after, before]) == "FailedCreate: after"


def test_the_plan_says_why_and_comes_back(make: Any, settings: Settings) -> None:
    now = STARTED + timedelta(seconds=20)
    cube = make.cube()
    planned = plan(cube, make.job(cube), (), None, now, settings, refused="FailedCreate: no")
    (said,) = planned.actions
    assert isinstance(said, PatchStatus)
    assert evaluate(said.status).message == "Job cube-batchjob has no pod yet: FailedCreate: no"
    assert planned.requeue_after_s == 20
