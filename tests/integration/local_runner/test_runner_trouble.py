from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

# A cluster of its own, in a process that can be killed: one pod runs, one waits for a Secret.
VICTIM = """
import asyncio, os, sys
from pathlib import Path
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.runner import Runner
from datacube_runtime.local.registry.store import Store

async def main(data_dir):
    registry = Registry(Store(data_dir / "state.db"))
    jobs, pods = registry.resource("batch", "jobs"), registry.resource("", "pods")
    script = (
        "trap '' TERM; setsid sleep 300 & echo $! > children;"
        " env -i setsid sleep 300 & echo $! >> children;"  # no sign of its pod, but its parent
        " echo $$$$ >> children; while :; do sleep 0.1; done"
    )
    spec = {"restartPolicy": "Never", "containers": [
        {"name": "c", "image": "any", "command": ["sh", "-c", script], "workingDir": "/volume",
         "volumeMounts": [{"name": "v", "mountPath": "/volume"}]}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = registry.resource("", "persistentvolumeclaims")
    registry.create(claims, "default", {"metadata": {"name": "data"}, "spec": claim})
    template = {"spec": spec}
    job = {"metadata": {"name": "j"}, "spec": {"template": template, "backoffLimit": 0}}
    registry.create(jobs, "default", job)
    waits = {"secretKeyRef": {"name": "late", "key": "k"}}
    env = [{"name": "A", "valueFrom": waits}]
    container = {"name": "c", "image": "any", "command": ["true"], "env": env}
    waiting = {"restartPolicy": "Never", "containers": [container]}
    registry.create(pods, "default", {"metadata": {"name": "waiting"}, "spec": waiting})
    await Runner(registry, data_dir, os.defpath).run()

asyncio.run(main(Path(sys.argv[1])))
"""


async def killed_cluster(cluster: Any) -> list[int]:
    """Run the victim over the cluster's data until all of it stands, and kill it."""
    data_dir = cluster.data_dir
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, str(data_dir))
    children = data_dir / "volumes" / "default" / "data" / "children"
    records = data_dir / "pods"

    def stands() -> bool:
        pods = list(records.iterdir()) if records.exists() else []
        return len(pods) == 2 and children.exists() and len(children.read_text().split()) == 3

    try:
        await cluster.until(stands)
    finally:
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
    return [int(pid) for pid in children.read_text().split()]


async def test_a_killed_cluster_leaves_nothing_that_a_restart_does_not_find(
    make_cluster: Callable[..., Any], tmp_path: Path, alive: Callable[[int], bool]
) -> None:
    cluster = make_cluster(tmp_path)
    children = await killed_cluster(cluster)
    assert all(alive(pid) for pid in children)
    cluster.start()
    try:
        job = await cluster.job_with("Failed")
        assert not any(alive(pid) for pid in children)
        assert job["status"]["failed"] == 1
        lost = next(p for p in cluster.list("pods") if p["metadata"]["name"] != "waiting")
        assert (lost["status"]["phase"], lost["status"]["reason"]) == ("Failed", "Lost")
        cluster.secret("late", k="v")
        await cluster.pod_in("Succeeded", name="waiting")
        assert list((tmp_path / "pods").iterdir()) == []
    finally:
        await cluster.stop()


async def test_a_process_that_only_has_a_lost_number_is_left_alone(
    make_cluster: Callable[..., Any], tmp_path: Path, alive: Callable[[int], bool]
) -> None:
    bystander = await asyncio.create_subprocess_exec(
        "sleep", "300", env={"PATH": os.defpath}, start_new_session=True
    )
    scratch = tmp_path / "pods" / "some-uid"
    scratch.mkdir(parents=True)
    record = f'{{"pid": {bystander.pid}, "identity": "another-boot:1"}}'
    (scratch / "process.json").write_text(record)
    cluster = make_cluster(tmp_path)
    cluster.start()
    try:
        await cluster.until(lambda: not scratch.exists())
        assert alive(bystander.pid)
    finally:
        await cluster.stop()
        bystander.kill()
        await bystander.wait()


async def test_a_runner_that_fell_behind_lists_again(
    make_cluster: Callable[..., Any], tmp_path: Path
) -> None:
    cluster = make_cluster(tmp_path, window=16)
    cluster.start()
    try:
        cluster.pod("exit 0", name="first")
        await cluster.pod_in("Succeeded", name="first")
        for number in range(600):  # in one breath: no watch gets a turn, and the log is trimmed
            cluster.secret(f"s{number}", k="v")
            if number < 5:
                cluster.pod("exit 0", name=f"p{number}")
        for number in range(5):
            await cluster.pod_in("Succeeded", name=f"p{number}")
    finally:
        await cluster.stop()


class Flaky(Registry):
    """Fails the first time a pod is to be created."""

    has_failed = False

    def create(self, resource: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if resource.plural == "pods" and not self.has_failed:
            self.has_failed = True
            raise ApiStatusError(500, "InternalError", "disk full")
        return super().create(resource, *args, **kwargs)


@pytest.fixture
async def flaky(make_cluster: Callable[..., Any], tmp_path: Path) -> AsyncIterator[Any]:
    cluster = make_cluster(tmp_path, kind=Flaky)
    cluster.start()
    yield cluster
    await cluster.stop()


async def test_an_error_of_one_object_is_logged_and_tried_again(
    flaky: Any, caplog: pytest.LogCaptureFixture
) -> None:
    flaky.job("exit 0", name="hit")
    await flaky.job_with("Complete", name="hit")
    assert flaky.registry.has_failed
    assert "jobs default/hit: will be tried again" in caplog.text
    assert len(flaky.list("pods")) == 1
