from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Phase, evaluate
from datacube_runtime.controller.actions import CreateJob, PatchStatus, Plan
from datacube_runtime.controller.api import CUBES, JOBS, PODS
from datacube_runtime.controller.caches import Caches
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.reconcile import plan
from datacube_runtime.controller.vanished import Vanished

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from datacube_runtime.controller.settings import Settings

UID = "tensorstack.dev/datacube-uid"


@pytest.fixture
def plan_for(
    make: Any, now: datetime, settings: Settings
) -> Callable[[list[dict[str, Any]]], Plan]:
    return lambda pods: plan(make.cube(), None, pods, make.claim(), now, settings)


def pod_of(make: Any, phase: str, uid: str, job: str = "cube-batchjob") -> dict[str, Any]:
    pod: dict[str, Any] = make.pod(phase)
    pod["metadata"]["annotations"] = {UID: uid}
    pod["metadata"]["labels"] = {"tensorstack.dev/datacube": "cube"}
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


async def test_after_a_restart_an_orphaned_pod_of_the_first_counts_too(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    orphan = pod_of(make, "Running", "uid-cube")
    del orphan["metadata"]["ownerReferences"]
    api.put(PODS, orphan)
    async with running():
        await until(lambda: evaluate(api.status()).phase is Phase.FAILED)
    assert evaluate(api.status()).reason == "JobLost"
    assert "create jobs" not in api.written


async def test_a_job_that_goes_with_its_pod_unseen_by_our_watch_is_lost(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    async with running():
        await until(api.job)
        api.deaf.add("pods")
        api.put(PODS, pod_of(make, "Running", "uid-cube"))
        api.drop(JOBS, "cube-batchjob")
        await until(lambda: evaluate(api.status()).phase is Phase.FAILED)
    assert evaluate(api.status()).reason == "JobLost"
    assert api.written.count("create jobs") == 1


async def test_the_pod_of_a_namesake_that_was_deleted_at_work_is_waited_for_unseen(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    before = api.put(CUBES, make.cube(metadata={"uid": "uid-before"}))
    async with running():
        await until(api.job)
        api.deaf.add("pods")
        api.put(PODS, pod_of(make, "Running", "uid-before"))
        api.drop(CUBES, before["metadata"]["name"])
        api.drop(JOBS, "cube-batchjob")
        api.put(CUBES, make.cube())
        await until(lambda: "waiting until pod 'pod-1'" in evaluate(api.status()).message)
    assert api.written.count("create jobs") == 1


async def test_a_name_without_a_past_costs_no_list_of_pods(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    async with running():
        await until(lambda: api.watching.get("pods"))
        api.listed.clear()
        api.put(CUBES, make.cube())
        await until(api.job)
    assert api.listed == []
    assert sorted(api.reads) == ["datacubes", "jobs", "persistentvolumeclaims"]


async def test_a_finished_job_that_went_before_its_end_was_told_is_remembered(make: Any) -> None:
    caches = Caches()
    caches.cubes.put(make.cube())
    caches.note_if_gone(make.job(make.cube(), ended="Complete"))
    assert Key("ns", "cube-batchjob") in caches.vanished


async def test_a_job_whose_time_was_up_is_not_remembered(make: Any) -> None:
    caches = Caches()
    caches.note_if_gone(make.job(make.cube(), ended="Complete"))
    assert len(caches.vanished) == 0


def test_a_vanished_job_is_forgotten_after_ten_minutes() -> None:
    times = iter((0.0, 0.0, 599.0, 600.0, 600.0, 600.0, 600.0))
    vanished = Vanished(clock=lambda: next(times))
    old, new = Key("ns", "old"), Key("ns", "new")
    vanished.add(old)
    assert old in vanished
    assert old not in vanished
    vanished.add(new)
    assert len(vanished) == 1


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
