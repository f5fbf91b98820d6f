"""Settings by annotation on the embedded API server, which judges what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from datacube_api.pod_settings import ANNOTATIONS, PodSettings, Resources, Toleration
from datacube_api.reasons import Reason

NS = "default"


def annotate(world: Any, changes: dict[str, str | None]) -> None:
    patch = {"metadata": {"annotations": changes}}
    world.registry.patch(world.resource("datacubes"), NS, "cube", patch)


@pytest.mark.usefixtures("running")
async def test_every_setting_is_accepted_in_a_job(world: Any, until: Any) -> None:
    wanted = PodSettings(
        resources=Resources(requests={"memory": "1Gi"}, limits={"memory": "2Gi"}),
        node_selector={"disk": "ssd"},
        tolerations=(Toleration(key="gpu", operator="Exists", effect="NoSchedule"),),
        service_account="transfers",
        image_pull_secrets=("registry",),
        suspend=True,
    )
    world.apply()
    annotate(world, wanted.to_annotations())
    await until(lambda: (world.job() or {}).get("spec", {}).get("suspend") or held(world))
    annotate(world, {ANNOTATIONS["suspend"]: "false"})
    await until(lambda: world.job() and not world.job()["spec"]["suspend"])


def held(world: Any) -> bool:
    return bool(world.outcome().reason == Reason.SUSPENDED and world.job() is None)


@pytest.mark.usefixtures("running")
async def test_a_job_is_suspended_and_resumed(world: Any, until: Any) -> None:
    world.apply()
    await until(world.job)
    annotate(world, {ANNOTATIONS["suspend"]: "true"})
    await until(lambda: world.job()["spec"]["suspend"])
    await until(lambda: world.outcome().reason == Reason.SUSPENDED)
    annotate(world, {ANNOTATIONS["suspend"]: None})
    await until(lambda: not world.job()["spec"]["suspend"])
    assert world.jobs_made() == 1


@pytest.mark.usefixtures("running")
async def test_what_ended_is_deleted_after_its_time(world: Any, until: Any) -> None:
    world.apply()
    annotate(world, {ANNOTATIONS["ttl_seconds_after_finished"]: "0"})
    await until(world.job)
    world.make_pod()
    world.pod_ends(Reason.TRANSFER_SUCCEEDED, "done")
    world.job_says("Complete", succeeded=1)
    await until(lambda: world.find("datacubes", "cube") is None)
    assert world.find("persistentvolumeclaims", "data")


@pytest.mark.usefixtures("running")
async def test_the_pod_follows_a_volume_in_use(world: Any, until: Any) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    world.registry.create(world.resource("persistentvolumeclaims"), NS, claim)
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    containers = [{"name": "c", "image": "notebook"}]
    notebook = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "notebook"},
        "spec": {"nodeName": "node-7", "volumes": volumes, "containers": containers},
    }
    world.registry.create(world.resource("pods"), NS, notebook)
    world.apply()
    await until(world.job)
    affinity = world.job()["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchFields"][0]["values"] == ["node-7"]
