"""A worker that is killed between its two writes, DataCube and Secret; then the next try."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.reference import CubeRef
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.git_server import GitServer
    from tests.e2e.conftest import Cluster

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import json, os, signal, sys
from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator

class TaskInstance:
    dag_id, task_id, run_id, map_index = "killed", "fetch", "run-1", -1
    try_number = int(sys.argv[2])
    def xcom_push(self, **_): pass

class Killing:
    def provide(self, *_):
        os.kill(os.getpid(), signal.SIGKILL)

if TaskInstance.try_number == 1:
    DataCubeOperator.secret_hook = Killing()

task = DataCubeOperator(
    task_id="fetch",
    source=Git(url=sys.argv[1], ref="main"),
    sink=PVC("killed", size="1Gi"),
    conn_id="git_c",
    kubernetes_conn_id="k8s",
)
print(json.dumps(task.execute({"ti": TaskInstance()})))
"""


@pytest.fixture
def worker(
    cluster: Cluster, git_server: GitServer, git_token: str, tmp_path: Path
) -> Callable[[int], subprocess.CompletedProcess[str]]:
    """Run a try of one task instance, in a process of its own, against real services."""
    url = f"{git_server.url}/killed/handbook.git"
    extra = {"kube_config_path": str(cluster.kubeconfig), "namespace": "default"}
    connections = {
        "k8s": {"conn_type": "kubernetes", "extra": extra},
        "git_c": {"conn_type": "git", "password": git_token, "host": url, "login": "me@home"},
    }
    env = {
        "PATH": os.environ["PATH"],
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(c) for name, c in connections.items()},
    }
    command = [sys.executable, "-c", WORKER, url]

    def run(try_number: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, str(try_number)], env=env, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.timeout(180)
def test_the_next_try_brings_the_secret_that_a_killed_one_could_not(
    cluster: Cluster, git_server: GitServer, worker: Callable[[int], Any], git_token: str
) -> None:
    make_repository(git_server.create("killed/handbook"), cluster.data / "author")
    killed = worker(1)
    assert killed.returncode == -9, killed.stdout + killed.stderr
    (cube,) = cubes(cluster)
    name = f"{cube.name}-credentials"
    assert not cluster.has(cluster.core.read_namespaced_secret, name)
    until(lambda: waiting_reason(cluster, cube) == "CreateContainerConfigError")

    resumed = worker(2)
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
