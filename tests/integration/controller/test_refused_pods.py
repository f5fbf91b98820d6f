"""What admission and quotas keep out, over HTTP: named while it waits, and made when it may be."""

from __future__ import annotations

from typing import Any

import pytest

from datacube_api.status import Phase

NS = "default"
QUOTA = "is forbidden: exceeded quota: compute, requested: pods=1, used: pods=3, limited: pods=3"


def told(world: Any) -> list[str]:
    events = world.registry.list(world.registry.resource("", "events"), NS)
    return [e["message"] for e in events if e["involvedObject"]["kind"] == "DataCube"]


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        (403, "Forbidden", f'jobs.batch "cube-batchjob" {QUOTA}'),
        (400, "", 'admission webhook "images.example.com" denied the request: unsigned'),
    ],
)
async def test_a_refused_job_names_who_refuses_and_is_made_when_it_may_be(
    world: Any, until: Any, code: int, reason: str, message: str
) -> None:
    world.refuse("POST", "jobs", code, reason, message)
    world.apply()
    await until(lambda: message in world.outcome().message)
    assert world.outcome().phase is Phase.PENDING
    await until(lambda: any(message in note for note in told(world)))
    world.refusing.clear()
    await until(world.job)
    assert world.jobs_made() == 1


@pytest.mark.usefixtures("running")
async def test_a_refused_pod_names_the_quota_and_runs_when_it_is_lifted(
    world: Any, until: Any
) -> None:
    world.apply()
    await until(world.job)
    message = f'Error creating: pods "cube-batchjob-x7k2p" {QUOTA}'
    world.warn_of_job("FailedCreate", message)
    await until(lambda: f"no pod yet: FailedCreate: {message}" in world.outcome().message)
    await until(lambda: any(message in note for note in told(world)))
    world.make_pod()
    world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)
