"""Two real controller processes, one cluster: one works, and the other when the first is gone."""

from __future__ import annotations

import json
import signal
from datetime import datetime
from typing import Any

import pytest

from datacube_api.reasons import Reason
from datacube_api.status import Phase

pytestmark = pytest.mark.timeout(90)

ELECTED = (
    *("--leader-elect", "--lease-namespace", "default", "--lease-times", "3,2,0.3"),
    *("--listen", "127.0.0.1:0"),
)


def lease(world: Any) -> dict[str, Any]:
    resource = world.registry.resource("coordination.k8s.io", "leases")
    found = world.registry.list(resource, "default")
    return dict(found[0]["spec"]) if found else {}


def identity(process: Any) -> str:
    events = [json.loads(line)["event"] for line in process.log().splitlines()]
    return str(next(e for e in events if e.startswith("candidate ")).split()[1])


@pytest.fixture
def pair(start: Any) -> Any:
    return [start(*ELECTED, log=f"controller-{name}.log") for name in "ab"]


async def leader_of(world: Any, pair: Any, until: Any) -> Any:
    await until(lambda: lease(world).get("holderIdentity"))
    await until(lambda: all("candidate" in process.log() for process in pair))
    holder = lease(world)["holderIdentity"]
    return sorted(pair, key=lambda process: identity(process) != holder)


async def test_the_other_goes_on_when_the_leader_is_killed(
    world: Any, pair: Any, until: Any
) -> None:
    leader, follower = await leader_of(world, pair, until)
    world.apply()
    await until(world.job)
    world.make_pod()
    world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)
    await leader.end(signal.SIGKILL)
    last = lease(world)["renewTime"]
    world.pod_ends(Reason.TRANSFER_SUCCEEDED, "done")
    world.job_says("Complete", succeeded=1)
    world.apply("second")
    await until(lambda: world.job("second-batchjob"))
    await until(lambda: world.outcome().phase is Phase.SUCCEEDED)
    assert lease(world)["holderIdentity"] == identity(follower)
    assert lease(world)["leaseTransitions"] == 2
    gap = datetime.fromisoformat(lease(world)["acquireTime"]) - datetime.fromisoformat(last)
    # Not before the lease is over, and then at the follower's next look, on a busy machine too.
    assert 3 <= gap.total_seconds() < 6
    assert world.jobs_made() == 2
    assert "created Job cube" in leader.log()
    assert "created Job cube" not in follower.log()
    assert await follower.end(signal.SIGTERM) == 0


async def test_a_leader_that_is_told_to_stop_hands_over(world: Any, pair: Any, until: Any) -> None:
    leader, follower = await leader_of(world, pair, until)
    assert await leader.end(signal.SIGTERM) == 0
    assert lease(world)["holderIdentity"] in ("", identity(follower))
    world.apply()
    await until(world.job)
    assert world.outcome().phase is Phase.PENDING
    assert "leading as" in follower.log()


async def test_a_leader_whose_lease_somebody_took_ends_at_once(
    world: Any, start: Any, until: Any
) -> None:
    process = start(*ELECTED)
    await until(lambda: lease(world).get("holderIdentity"))
    await until(lambda: "working on" in process.log())
    resource = world.registry.resource("coordination.k8s.io", "leases")
    stolen = {"spec": {"holderIdentity": "another", "leaseDurationSeconds": 60}}
    world.registry.patch(resource, "default", "datacube-controller", stolen)
    await until(lambda: "lost the lease" in process.log())
    assert await process.wait() == 1
    assert lease(world)["holderIdentity"] == "another"


async def test_a_leader_that_cannot_renew_ends_before_another_may_lead(
    world: Any, start: Any, until: Any, server_stopped: Any
) -> None:
    process = start(*ELECTED)
    await until(lambda: lease(world).get("holderIdentity"))
    await until(lambda: "working on" in process.log())
    async with server_stopped():
        assert await process.wait() == 1
        assert "lost the lease" in process.log()


async def test_a_follower_that_is_told_to_stop_ends_well(world: Any, pair: Any, until: Any) -> None:
    leader, follower = await leader_of(world, pair, until)
    assert await follower.end(signal.SIGTERM) == 0
    assert lease(world)["holderIdentity"] == identity(leader)
