"""The Kubernetes Events of a DataCube read as its story."""

from __future__ import annotations

from typing import Any

import pytest

from datacube_api.reasons import Reason
from datacube_api.status import Phase


def told(world: Any) -> list[tuple[str, str]]:
    events = world.registry.list(world.registry.resource("", "events"), "default")
    ours = [e for e in events if e["involvedObject"]["kind"] == "DataCube"]
    return [(e["type"], e["reason"]) for e in sorted(ours, key=lambda e: e["eventTime"])]


@pytest.mark.usefixtures("running")
async def test_a_life_with_a_retry(world: Any, until: Any) -> None:
    world.apply(executor={"options": {"backoffLimit": 1}})
    await until(world.job)
    world.make_pod()
    world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)
    world.pod_ends(Reason.NETWORK_ERROR, "no route")
    world.make_pod(2)
    world.pod_runs(2)
    await until(lambda: ("Normal", "Retrying") in told(world))
    world.pod_ends(Reason.NETWORK_ERROR, "no route", 2)
    world.job_says("Failed", failed=2)
    await until(lambda: ("Warning", "NetworkError") in told(world))
    story = [reason for _, reason in told(world) if reason != "PodPending"]
    assert story == [
        *("VolumeCreated", "JobCreated"),
        *("TransferStarted", "Retrying", "NetworkError"),
    ]


@pytest.mark.usefixtures("running")
async def test_what_is_waited_for_is_told_once(world: Any, until: Any) -> None:
    world.apply()
    await until(world.job)
    world.make_pod()
    trouble = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    world.pod_says("Pending", trouble)
    await until(lambda: "ErrImagePull" in world.outcome().message)
    world.pod_runs()
    await until(lambda: ("Normal", "TransferStarted") in told(world))
    assert told(world).count(("Normal", "PodPending")) <= 2
