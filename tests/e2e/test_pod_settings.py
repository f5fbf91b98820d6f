"""What a task says of its pod, from the operator to the pod that runs."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow_provider_datacube.models import PVC, Git, PodSettings, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api import errors
from datacube_api.pod_settings import settings_in
from datacube_api.reference import CubeRef
from tests.e2e.conftest import NAMESPACE
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from demo.git_server import GitServer
    from tests.e2e.conftest import Cluster

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def url(git_server: GitServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    bare = git_server.create("settings/notes")
    work = tmp_path_factory.mktemp("author")
    author = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        (*author, "commit", "--quiet", "--allow-empty", "--message", "one"),
        ("push", "--quiet", str(bare), "main"),
    ):
        subprocess.run(["git", "-C", work, *command], check=True)
    return f"{git_server.url}/settings/notes.git"


@pytest.fixture
def run(cluster: Cluster, url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run an operator as a worker does."""
    extra = {"kube_config_path": str(cluster.kubeconfig)}
    connection = {"conn_type": "kubernetes", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_POD_SETTINGS", json.dumps(connection))

    def run(task_id: str, settings: PodSettings, **arguments: Any) -> str:
        task = DataCubeOperator(
            task_id=task_id,
            source=Git(url=url, token=SecretRef("git-token", "token"), ref="main"),
            sink=PVC("pod-settings", sub_path=task_id, size="1Gi"),
            pod_settings=settings,
            kubernetes_conn_id="pod_settings",
            **arguments,
        )
        params: Any = {"params": {"memory": "1Gi", "os": "linux"}}
        task.render_template_fields(params)
        made = task.execute({"ti": TaskInstance("settings", task_id)})  # type: ignore[typeddict-item]  # enough
        return str(made["name"])

    return run


def test_every_setting_reaches_the_pod(cluster: Cluster, run: Any) -> None:
    settings = PodSettings(
        resources={"requests": {"cpu": 0.1}, "limits": {"memory": "{{ params.memory }}"}},
        node_selector={"kubernetes.io/os": "{{ params.os }}"},
        tolerations=[{"key": "transfers", "operator": "Exists", "effect": "NoSchedule"}],
        service_account="transfers",
        image_pull_secrets=["registry"],
        ttl_after_finished=timedelta(hours=2),
    )
    name = run("all", settings)
    selector = f"tensorstack.dev/datacube={name}"
    (pod,) = cluster.core.list_namespaced_pod(NAMESPACE, label_selector=selector).items
    (container,) = pod.spec.containers
    assert container.resources.requests["cpu"] == "100m"
    assert container.resources.limits["memory"] == "1Gi"
    assert pod.spec.node_selector == {"kubernetes.io/os": "linux"}
    assert any(toleration.key == "transfers" for toleration in pod.spec.tolerations)
    assert pod.spec.service_account_name == "transfers"
    assert pod.spec.automount_service_account_token is False
    assert [secret.name for secret in pod.spec.image_pull_secrets] == ["registry"]
    cube = cluster.read(CubeRef(NAMESPACE, name))
    assert settings_in(cube["metadata"]["annotations"]).ttl_seconds_after_finished == 7200


def test_a_pod_that_no_node_takes_says_so(run: Any) -> None:
    with pytest.raises(errors.DataCubeTimeoutError, match="didn't match Pod's node affinity"):
        run("nowhere", PodSettings(node_selector={"disk": "none-such"}), timeout=6)


def test_what_is_suspended_waits_and_says_so(run: Any) -> None:
    with pytest.raises(errors.DataCubeTimeoutError, match="Suspended: not started: annotation"):
        run("held", PodSettings(suspend=True), timeout=4)
