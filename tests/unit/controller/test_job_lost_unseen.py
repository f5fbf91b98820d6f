from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Phase, evaluate
from datacube_runtime.controller.actions import CreateJob, PatchStatus, Plan
from datacube_runtime.controller.api import CUBES, PODS
from datacube_runtime.controller.backoff import Backoff
from datacube_runtime.controller.loop import Controller
from datacube_runtime.controller.reconcile import plan
from datacube_runtime.controller.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

UID = "tensorstack.dev/datacube-uid"


@pytest.fixture
def plan_for(
    make: Any, now: datetime, settings: Settings
) -> Callable[[list[dict[str, Any]]], Plan]:
    return lambda pods: plan(make.cube(), None, pods, make.claim(), now, settings)


@pytest.fixture
def running(api: Any, end: Any) -> Callable[[], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        controller = Controller(api, Settings(), Backoff(first_s=0.001, longest_s=0.01))
        task = asyncio.ensure_future(controller.run())
        yield
        await end(task)

    return run


def pod_of(make: Any, phase: str, uid: str, job: str = "cube-batchjob") -> dict[str, Any]:
    pod: dict[str, Any] = make.pod(phase)
    pod["metadata"]["annotations"] = {UID: uid}
    pod["metadata"]["ownerReferences"][0]["name"] = job
    return pod


@pytest.mark.parametrize("phase", ["Pending", "Running", "Succeeded", "Failed"])
def test_a_pod_tells_of_a_job_that_went_before_anybody_said_so(
    make: Any, plan_for: Any, phase: str
) -> None:
    pod = pod_of(make, phase, "uid-cube")
    del pod["metadata"]["ownerReferences"]  # as a deletion that leaves orphans does
    (said,) = plan_for([pod]).actions
    assert isinstance(said, PatchStatus)
    outcome = evaluate(said.status)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "JobLost")


@pytest.mark.parametrize("phase", ["Pending", "Running"])
def test_a_namesakes_pod_may_still_write_and_is_waited_for(
    make: Any, plan_for: Any, phase: str
) -> None:
    planned = plan_for([pod_of(make, phase, "uid-before")])
    (said,) = planned.actions
    outcome = evaluate(said.status)
    assert outcome.phase is Phase.PENDING
    assert "waiting until pod 'pod-1' of a deleted DataCube" in outcome.message
    assert planned.requeue_after_s == 1.0


def test_what_has_ended_or_is_somebody_elses_is_not_waited_for(make: Any, plan_for: Any) -> None:
    ended = pod_of(make, "Failed", "uid-before")
    other = pod_of(make, "Running", "uid-before", job="theirs")
    (action,) = plan_for([ended, other]).actions
    assert isinstance(action, CreateJob)


async def test_after_a_restart_no_second_job_is_made_beside_the_pods_of_the_first(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    api.put(PODS, pod_of(make, "Running", "uid-cube"))
    async with running():
        await until(lambda: evaluate(api.status()).phase is Phase.FAILED)
    assert evaluate(api.status()).reason == "JobLost"
    assert "create jobs" not in api.written
    assert "pods ns tensorstack.dev/datacube=cube" in api.listed


async def test_a_job_begins_once_the_pod_of_a_namesake_is_gone(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(PODS, pod_of(make, "Running", "uid-before"))
    api.put(CUBES, make.cube())
    async with running():
        await until(api.status)
        assert "create jobs" not in api.written
        api.drop(PODS, "pod-1")
        await until(api.job)
