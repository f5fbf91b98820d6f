"""The operator on any cluster: only its connection says which one."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_datacube.models import Executor, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Space
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def connections(
    space: Space, kubeconfig: Path, git_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"kube_config_path": str(kubeconfig), "namespace": space.name}
    known = {
        "K8S": {"conn_type": "kubernetes", "extra": extra},
        "GIT": {"conn_type": "git", "host": "http://git.example", "password": git_token},
    }
    for name, connection in known.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))


def run(space: Space, task_id: str, url: str) -> Any:
    task = DataCubeOperator(
        task_id=task_id,
        source=Git(url=url, ref="main"),
        sink=space.volume(task_id),
        transfer_executor=Executor(env={"HTTP_PROXY": space.proxy}),
        conn_id="git",
        kubernetes_conn_id="k8s",
    )
    return task.execute({"ti": TaskInstance("cluster", task_id)})  # type: ignore[typeddict-item]


@pytest.mark.usefixtures("connections")
def test_a_task_ends_with_its_transfer_by_a_credential_of_airflow(
    space: Space, services: Services
) -> None:
    services.make_git_repository("airflow/repo", tag="v1")
    summary = run(space, "fetch", "http://git.example/airflow/repo.git")
    assert summary["namespace"] == space.name
    assert summary["result"]["commit"]


@pytest.mark.usefixtures("connections")
def test_a_failed_task_explains_itself(space: Space, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AirflowFailException, match="SourceNotFound"):
        run(space, "fails", "http://git.example/no/such.git")
    log = capsys.readouterr().out
    assert "container transfer terminated" in log
    assert "| ERROR SourceNotFound" in log
