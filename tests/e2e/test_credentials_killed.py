"""A worker that is killed between its two writes, DataCube and Secret; then the next try."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datacube.models import PVC, Git
from datacube_api.reference import CubeRef
from tests.e2e.conftest import until
from tests.e2e.workers import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from demo.git_server import GitServer
    from tests.e2e.conftest import Cluster


@pytest.mark.timeout(180)
def test_the_next_try_brings_the_secret_that_a_killed_one_could_not(
    cluster: Cluster, git_server: GitServer, git_token: str, tmp_path: Path
) -> None:
    make_repository(git_server.create("killed/handbook"), tmp_path / "author")
    url = f"{git_server.url}/killed/handbook.git"
    connection = {"conn_type": "git", "password": git_token, "host": url, "login": "me@home"}
    worker = Worker(tmp_path, cluster.kubeconfig, {"git_c": connection})
    task = {
        "source": Git(url=url, ref="main").to_manifest(),
        "sink": PVC("killed", size="1Gi").to_manifest(),
        "conn_id": "git_c",
    }

    killed = worker.run({"dag_id": "killed"}, dies=True, **task)
    assert killed.returncode == -9, killed.stdout + killed.stderr
    (cube,) = cubes(cluster)
    name = f"{cube.name}-credentials"
    assert not cluster.has(cluster.core.read_namespaced_secret, name)
    until(lambda: waiting_reason(cluster, cube) == "CreateContainerConfigError")

    resumed = worker.run({"dag_id": "killed", "try_number": 2}, **task)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    summary = json.loads(resumed.stdout.splitlines()[-1])
    assert (summary["name"], summary["uid"]) == (cube.name, cube.uid)
    assert (cluster.volume("killed") / "handbook/README.md").read_text() == "one"
    owner = cluster.core.read_namespaced_secret(name, "default").metadata.owner_references[0]
    assert (owner.kind, owner.uid) == ("DataCube", cube.uid)
    assert git_token not in killed.stdout + killed.stderr + resumed.stdout + resumed.stderr

    cluster.cubes.delete_namespaced_custom_object(**cube.item())
    until(lambda: not cluster.has(cluster.core.read_namespaced_secret, name))


def cubes(cluster: Cluster) -> list[CubeRef]:
    found = cluster.cubes.list_namespaced_custom_object(
        "tensorstack.dev", "v1beta1", "default", "datacubes", label_selector="dag_id=killed"
    )
    return [CubeRef.of(cube) for cube in found["items"]]


def waiting_reason(cluster: Cluster, cube: CubeRef) -> str:
    selector = f"job-name={cube.name}-batchjob"
    for pod in cluster.core.list_namespaced_pod("default", label_selector=selector).items:
        for status in pod.status.container_statuses or ():
            if status.state.waiting:
                return str(status.state.waiting.reason)
    return ""


def make_repository(bare: Path, work: Path) -> None:
    work.mkdir()
    (work / "README.md").write_text("one")
    author = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "README.md"],
        [*author, "commit", "--quiet", "--message", "one"],
        ["push", "--quiet", str(bare), "main"],
    ):
        subprocess.run(["git", "-C", work, *words], check=True)
