from __future__ import annotations

from typing import Any

import pytest

from datacube_api.errors import DataCubeUnavailableError
from datacube_api.reasons import Reason
from datacube_api.status import Phase
from datacube_runtime.controller.api import CUBES, JOBS, PODS, VOLUMES, ApiError
from datacube_runtime.controller.cluster import Cluster
from datacube_runtime.controller.objects import Key

CUBE = Key("default", "cube")


@pytest.mark.usefixtures("running")
async def test_a_download_is_run_to_its_end(world: Any, until: Any) -> None:
    world.apply()
    await until(world.job)
    claim = world.find("persistentvolumeclaims", "data")
    assert claim is not None
    assert "ownerReferences" not in claim["metadata"]
    world.make_pod()
    await until(lambda: "pod-1" in world.outcome().message)
    world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)
    world.pod_ends(Reason.TRANSFER_SUCCEEDED, "fetched", revision="abc")
    world.job_says("Complete", succeeded=1)
    await until(lambda: world.outcome().phase is Phase.SUCCEEDED)
    assert world.status()["result"] == {"revision": "abc"}
    assert world.status()["pod"]["status"] == "Completed"
    assert {c["type"]: c["status"] for c in world.status()["conditions"]} == {
        "Initialized": "True",
        "Complete": "True",
        "Failed": "False",
    }


@pytest.mark.usefixtures("running")
async def test_attempts_are_counted_and_the_last_one_explains_the_failure(
    world: Any, until: Any
) -> None:
    world.apply(executor={"options": {"backoffLimit": 1}})
    await until(world.job)
    world.make_pod(1)
    world.pod_runs(1)
    world.pod_ends(Reason.NETWORK_ERROR, "no route", 1)
    world.job_says(failed=1)
    await until(lambda: world.status().get("pod", {}).get("phase") == "Failed")
    assert world.outcome().phase is Phase.RUNNING
    world.make_pod(2)
    world.pod_ends(Reason.AUTHENTICATION_FAILED, "the token was refused", 2)
    world.job_says("Failed", failed=2)
    await until(lambda: world.outcome().phase is Phase.FAILED)
    outcome = world.outcome()
    assert (outcome.reason, outcome.pod) == ("AuthenticationFailed", "pod-2")
    assert outcome.message == "after 2 attempts: the token was refused"
    assert world.status()["attempts"] == 2


@pytest.mark.parametrize(
    "waiting",
    [
        {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'},
        {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "no.such/image"'},
    ],
)
@pytest.mark.usefixtures("running")
async def test_a_pod_that_cannot_start_says_why_and_waits(
    world: Any, until: Any, waiting: dict[str, str]
) -> None:
    world.apply()
    await until(world.job)
    world.make_pod()
    world.pod_says("Pending", {"waiting": waiting})
    await until(lambda: "{reason}: {message}".format_map(waiting) in world.outcome().message)
    assert world.outcome().phase is Phase.PENDING
    world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)


@pytest.mark.usefixtures("running")
async def test_a_claim_that_never_binds_is_named_while_the_pod_waits(
    world: Any, until: Any
) -> None:
    world.apply()
    await until(world.job)
    world.make_pod()
    unbound = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims"
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    status = {"phase": "Pending", "conditions": [{**said, "message": unbound}]}
    world.registry.patch(
        world.resource("pods"), "default", "pod-1", {"status": status}, subresource="status"
    )
    await until(lambda: f"Unschedulable: {unbound}" in world.outcome().message)
    assert world.outcome().phase is Phase.PENDING


@pytest.mark.usefixtures("running")
async def test_a_missing_claim_without_template_is_waited_for(world: Any, until: Any) -> None:
    world.apply(sink={"type": "pvc", "pvc": {"name": "later"}})
    await until(lambda: world.outcome().reason == "VolumeNotFound")
    claim = {"metadata": {"name": "later"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    claim["spec"]["resources"] = {"requests": {"storage": "1Gi"}}
    world.registry.create(world.resource("persistentvolumeclaims"), "default", claim)
    await until(world.job)


@pytest.mark.usefixtures("running")
async def test_a_deleted_cube_takes_its_job_and_leaves_the_volume(world: Any, until: Any) -> None:
    world.apply()
    await until(world.job)
    world.registry.delete(world.resource("datacubes"), "default", "cube")
    await until(lambda: world.job() is None)
    assert world.find("persistentvolumeclaims", "data") is not None
    world.apply()
    await until(world.job)
    assert world.jobs_made() == 2


@pytest.mark.usefixtures("running")
async def test_a_job_of_somebody_else_is_left_alone(world: Any, until: Any) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    job = {"metadata": {"name": "cube-batchjob"}, "spec": {"template": template}}
    world.registry.create(world.resource("jobs"), "default", job)
    world.apply()
    await until(lambda: world.outcome().phase is Phase.FAILED)
    assert world.outcome().reason == "JobNotOurs"
    assert world.job()["spec"]["template"]["spec"]["containers"][0]["name"] == "c"


@pytest.mark.usefixtures("running")
async def test_a_long_name_runs_too(world: Any, until: Any) -> None:
    world.apply("a." + "b" * 200)
    await until(lambda: world.registry.list(world.resource("jobs"), "default"))


async def test_more_objects_than_a_page_holds_are_all_listed(world: Any, cluster: Any) -> None:
    for number in range(5):
        world.apply(f"cube-{number}")
    paging = Cluster(cluster.wire, page=2)
    snapshot = await paging.list(CUBES, None)
    assert [cube["metadata"]["name"][-1] for cube in snapshot.items] == list("01234")


async def test_only_ours_are_listed_unless_others_are_asked_for(world: Any, cluster: Any) -> None:
    claim = {"metadata": {"name": "p"}, "spec": {"restartPolicy": "Never"}}
    claim["spec"]["containers"] = [{"name": "c", "image": "i", "command": ["true"]}]
    world.registry.create(world.resource("pods"), "default", claim)
    assert (await cluster.list(PODS, "default")).items == ()
    assert len((await cluster.list(PODS, "default", "a!=b")).items) == 1


async def test_what_is_not_there_is_read_as_nothing(cluster: Any) -> None:
    assert await cluster.read(VOLUMES, CUBE) is None


async def test_a_token_that_has_run_out_is_replaced(
    world: Any, cluster: Any, server_stopped: Any
) -> None:
    async with server_stopped():
        world.change_token()
    assert await cluster.read(VOLUMES, CUBE) is None


async def test_credentials_that_are_wrong_are_refused(
    world: Any, cluster: Any, server_stopped: Any
) -> None:
    old = world.kubeconfig.read_bytes()
    async with server_stopped():
        world.change_token()
    world.kubeconfig.write_bytes(old)
    with pytest.raises(ApiError) as error:
        await cluster.read(VOLUMES, CUBE)
    assert error.value.status == 401


async def test_a_status_is_not_written_over_a_newer_one(world: Any, cluster: Any) -> None:
    old = world.apply()
    newer = await cluster.patch_status(old, {"phase": "Running"})
    with pytest.raises(ApiError) as error:
        await cluster.patch_status(old, {"phase": "Pending"})
    assert error.value.is_stale
    assert world.status() == newer["status"] == {"phase": "Running"}


async def test_a_name_that_is_taken_is_told_from_a_conflict(world: Any, cluster: Any) -> None:
    world.apply()
    job = {"metadata": {"name": "j", "namespace": "default"}, "spec": {"template": {"spec": {}}}}
    job["spec"]["template"]["spec"] = {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "i", "command": ["true"]}],
    }
    await cluster.create(JOBS, job)
    with pytest.raises(ApiError) as error:
        await cluster.create(JOBS, job)
    assert error.value.is_taken
    assert not error.value.is_stale


async def test_an_invalid_object_is_told_from_a_forbidden_one(cluster: Any) -> None:
    with pytest.raises(ApiError) as error:
        await cluster.create(CUBES, {"metadata": {"name": "x", "namespace": "default"}, "spec": {}})
    assert error.value.is_invalid


async def test_a_watch_goes_on_from_a_version(world: Any, cluster: Any) -> None:
    world.apply("one")
    since = (await cluster.list(CUBES, None)).version
    world.apply("two")
    events = cluster.watch(CUBES, None, since)
    event = await anext(events)
    await events.aclose()
    assert (event.kind, event.obj["metadata"]["name"]) == ("ADDED", "two")


async def test_a_forgotten_version_is_told(world: Any, cluster: Any) -> None:
    world.apply()
    for number in range(600):
        world.registry.patch(
            world.resource("datacubes"), "default", "cube", {"status": {"n": number}},
            subresource="status",
        )  # fmt: skip
    events = cluster.watch(CUBES, None, "1")
    with pytest.raises(ApiError) as error:
        await anext(events)
    assert error.value.is_expired


async def test_a_server_that_is_down_is_unavailable(cluster: Any, server_stopped: Any) -> None:
    async with server_stopped():
        with pytest.raises(DataCubeUnavailableError) as error:
            await cluster.list(CUBES, None)
    assert "GET /apis/tensorstack.dev/v1beta1/datacubes" in str(error.value)


@pytest.mark.usefixtures("running")
async def test_a_restarted_server_is_watched_again(
    world: Any, server_stopped: Any, until: Any
) -> None:
    world.apply()
    await until(world.job)
    async with server_stopped():
        world.make_pod()
        world.pod_runs()
    await until(lambda: world.outcome().phase is Phase.RUNNING)


@pytest.mark.usefixtures("running")
async def test_after_a_gap_that_the_server_has_forgotten_all_is_listed_again(
    world: Any, server_stopped: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.apply()
    await until(world.job)
    async with server_stopped():
        world.make_pod()
        world.pod_runs()
        for number in range(600):
            world.job_says(active=number)
    await until(lambda: world.outcome().phase is Phase.RUNNING)
    await until(lambda: "too old, listing again" in caplog.text)
