"""A Job that is refused, and a pod that is refused to a Job: who says why, and how it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Phase, evaluate
from datacube_runtime.controller import podless
from datacube_runtime.controller.actions import PatchStatus
from datacube_runtime.controller.api import CUBES, JOBS, ApiError
from datacube_runtime.controller.reconcile import plan

if TYPE_CHECKING:
    from datacube_runtime.controller.settings import Settings

QUOTA = 'pods "cube-batchjob-x" is forbidden: exceeded quota: compute, requested: pods=1'
WEBHOOK = 'admission webhook "images.example.com" denied the request: unsigned'
BROKEN = 'failed calling webhook "images.example.com": connection refused'
STARTED = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)  # as the Jobs of `make` say


def event(message: str, **times: Any) -> dict[str, Any]:
    return {"metadata": {"name": "e"}, "reason": "FailedCreate", "message": message, **times}


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
    assert podless.look_again_s(job, now) == again_s


def test_a_job_that_has_a_pod_or_is_held_or_over_lacks_none(make: Any) -> None:
    job = make.job(make.cube())
    assert podless.lacks_a_pod(job, ())
    assert not podless.lacks_a_pod(job, (make.pod(),))
    assert not podless.lacks_a_pod({**job, "spec": {"suspend": True}}, ())
    assert not podless.lacks_a_pod(make.job(make.cube(), ended="Failed"), ())


def test_the_newest_event_counts_in_whatever_form_it_tells_its_time() -> None:
    old = event("old", lastTimestamp="2026-11-23T12:00:02Z")
    series = event("new", series={"lastObservedTime": "2026-11-23T12:00:03.1Z"}, eventTime="2025")
    assert podless.why([series, old]) == "FailedCreate: new"
    assert podless.why([]) == ""
    assert podless.why([event("")]) == "FailedCreate: no message"


def test_the_plan_says_why_and_comes_back(make: Any, settings: Settings) -> None:
    now = STARTED + timedelta(seconds=20)
    cube = make.cube()
    planned = plan(cube, make.job(cube), (), None, now, settings, refused="FailedCreate: no")
    (said,) = planned.actions
    assert isinstance(said, PatchStatus)
    assert evaluate(said.status).message == "Job cube-batchjob has no pod yet: FailedCreate: no"
    assert planned.requeue_after_s == 20
