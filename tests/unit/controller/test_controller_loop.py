from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from datacube_api.reasons import Reason
from datacube_api.status import evaluate
from datacube_runtime.controller.api import CUBES, JOBS, PODS, ApiError, WatchEvent

FORBIDDEN = ApiError(403, "Forbidden", "jobs.batch is forbidden")


@pytest.fixture
def fresh(make: Any) -> Any:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return make.cube(metadata={"creationTimestamp": now})


def phase(api: Any) -> str:
    return str(evaluate(api.status()).phase)


async def test_a_cube_is_run_to_its_end(make: Any, api: Any, running: Any, until: Any) -> None:
    api.put(CUBES, make.with_template())
    async with running():
        await until(api.job)
        api.run_pod(make.pod("Running"))
        await until(lambda: phase(api) == "Running")
        api.run_pod(make.ended_pod(Reason.TRANSFER_SUCCEEDED, "done", files=2))
        api.end_job("Complete", succeeded=1)
        await until(lambda: phase(api) == "Succeeded")
    assert api.status()["result"] == {"files": 2}
    assert api.written[:2] == ["create persistentvolumeclaims", "create jobs"]
    assert len(api.written) <= 5


async def test_a_pod_seen_before_its_job_is_not_overlooked(
    make: Any, api: Any, fresh: Any, running: Any, until: Any
) -> None:
    cube = api.put(CUBES, fresh)
    async with running(volume_grace_s=60):
        await until(lambda: api.watching.get("pods"))
        api.put(PODS, make.pod("Running"))
        api.put(JOBS, make.job(cube, active=1))
        await until(lambda: phase(api) == "Running")


async def test_the_end_waits_for_the_pods_own_words_even_if_their_watch_lags(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    async with running():
        await until(api.job)
        api.deaf.add("pods")
        api.run_pod(make.ended_pod(Reason.PUSH_REJECTED, "not fast forward"))
        api.end_job("Failed", failed=1)
        await until(lambda: phase(api) == "Failed")
    assert evaluate(api.status()).reason == "PushRejected"
    assert "pods ns tensorstack.dev/datacube=cube" in api.listed


async def test_a_job_that_the_watch_has_not_shown_yet_is_not_made_twice(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    cube = api.put(CUBES, make.cube())
    api.deaf.add("jobs")
    async with running():
        await until(lambda: api.watching.get("jobs"))
        api.put(JOBS, make.job(cube))
        api.put(CUBES, cube)
        await until(lambda: phase(api) == "Pending" and api.status())
    assert "create jobs" not in api.written


async def test_a_job_that_is_lost_is_told_and_not_made_again(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    async with running():
        await until(api.job)
        api.run_pod(make.pod("Running"))
        await until(lambda: phase(api) == "Running")
        api.drop(JOBS, "cube-batchjob")
        await until(lambda: phase(api) == "Failed")
    assert evaluate(api.status()).reason == "JobLost"
    assert api.written.count("create jobs") == 1


async def test_a_job_that_came_and_went_while_it_was_looked_for_is_lost(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    cube = api.put(CUBES, make.cube())
    pod = {"pod": {"reference": {"name": "p", "uid": "u"}}}
    api.after_read["jobs"] = lambda: (
        phase(api) == "Pending" and api.put(CUBES, {**cube, "status": pod})
    )
    async with running():
        await until(lambda: phase(api) == "Failed")
    assert evaluate(api.status()).reason == "JobLost"
    assert "create jobs" not in api.written


async def test_a_job_of_a_deleted_namesake_makes_way(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(JOBS, make.job(make.cube(metadata={"uid": "uid-before"})))
    api.put(CUBES, make.cube())
    async with running():
        await until(api.status)
        assert phase(api) == "Pending"
        api.drop(JOBS, "cube-batchjob")
        await until(lambda: "create jobs" in api.written)


async def test_a_namesakes_job_that_only_the_cache_still_has_is_not_waited_for(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(JOBS, make.job(make.cube(metadata={"uid": "uid-before"})))
    async with running():
        await until(lambda: api.watching.get("jobs"))
        api.deaf.add("jobs")
        api.drop(JOBS, "cube-batchjob")
        api.put(CUBES, make.cube())
        await until(api.job)


async def test_a_missing_claim_is_waited_for(
    api: Any, fresh: Any, running: Any, until: Any
) -> None:
    api.put(CUBES, fresh)
    async with running(volume_grace_s=60):
        await until(lambda: evaluate(api.status()).reason == "VolumeNotFound")
        assert api.job() is None
        api.add_claim()
        await until(api.job)


async def test_a_missing_claim_fails_the_cube_in_the_end(
    api: Any, fresh: Any, running: Any, until: Any
) -> None:
    api.put(CUBES, fresh)
    async with running(volume_grace_s=0):
        await until(lambda: phase(api) == "Failed")
    assert evaluate(api.status()).reason == "VolumeNotFound"


async def test_a_claim_that_somebody_made_meanwhile_is_as_good(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.refuse["create persistentvolumeclaims"] = ApiError(409, "AlreadyExists", "is there")
    api.put(CUBES, make.with_template())
    async with running():
        await until(api.job)


async def test_a_refused_job_is_told_and_tried_until_it_is_allowed(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.refuse["create jobs"] = FORBIDDEN
    api.put(CUBES, make.cube())
    async with running():
        await until(lambda: "forbidden" in evaluate(api.status()).message)
        assert phase(api) == "Pending"
        api.refuse.clear()
        await until(api.job)


async def test_an_object_that_the_server_finds_invalid_fails_the_cube(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.refuse["create persistentvolumeclaims"] = ApiError(422, "Invalid", "storage: bad quantity")
    api.put(CUBES, make.with_template())
    async with running():
        await until(lambda: phase(api) == "Failed")
    assert evaluate(api.status()).reason == "InvalidSpec"
    assert "storage: bad quantity" in evaluate(api.status()).message
    assert api.job() is None


async def test_a_name_that_was_just_taken_is_looked_at_again(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.refuse["create jobs"] = ApiError(409, "AlreadyExists", "is there")
    cube = api.put(CUBES, make.cube())
    async with running():
        await until(lambda: api.reads.count("jobs") > 1)
        api.put(JOBS, make.job(cube))
        await until(lambda: phase(api) == "Pending" and api.status())
    assert "create jobs" not in api.written


async def test_a_cube_that_is_gone_before_its_watch_says_so_gets_no_job(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    async with running(workers=1):
        await until(lambda: api.watching.get("datacubes"))
        api.tell(CUBES, WatchEvent("ADDED", make.cube("gone")))
        api.put(CUBES, make.cube())
        await until(api.job)
    assert api.written.count("create jobs") == 1


async def test_one_cube_that_breaks_us_does_not_stop_the_others(
    make: Any, api: Any, running: Any, until: Any, caplog: Any
) -> None:
    api.add_claim()
    broken = make.cube("broken")
    del broken["metadata"]["creationTimestamp"]
    broken["spec"]["sink"]["pvc"]["name"] = "missing"
    api.put(CUBES, broken)
    api.put(CUBES, make.cube())
    async with running(workers=1):
        await until(api.job)
        await until(lambda: "cannot deal with DataCube ns/broken" in caplog.text)


async def test_a_deleted_cube_is_let_go(make: Any, api: Any, running: Any, until: Any) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    async with running():
        await until(api.job)
        await until(api.status)
        api.drop(CUBES, "cube")
        api.run_pod(make.pod("Running"))
        api.put(CUBES, make.cube("other"))
        await until(lambda: api.job("other-batchjob"))
    assert api.of(CUBES).keys() == {("ns", "other")}


async def test_an_event_that_was_lost_is_made_up_for(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    api.add_claim()
    api.put(CUBES, make.cube())
    api.deaf.add("jobs")
    async with running(resync_s=0.005):
        await until(api.job)
        await until(api.status)


async def test_jobs_and_pods_of_others_concern_nobody(
    make: Any, api: Any, running: Any, until: Any
) -> None:
    async with running():
        await until(lambda: all(api.watching.get(r.plural) for r in (CUBES, JOBS, PODS)))
        stray = make.job(make.cube())
        stray["metadata"]["ownerReferences"] = []
        api.put(JOBS, stray)
        orphan = make.pod("Running")
        orphan["metadata"]["ownerReferences"] = []
        api.put(PODS, orphan)
        api.add_claim()
        api.put(CUBES, make.cube("other"))
        await until(lambda: api.job("other-batchjob"))
    assert api.written.count("create jobs") == 1
