"""Airflow under the rules of its two roles: what they allow is enough, and each of it is used."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from airflow_provider_datacube.sensors.datacube import DataCubeSensor
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from datacube_api.errors import DataCubeTimeoutError
from tests.rights.building import DEPLOY, build
from tests.rights.gate import gate
from tests.rights.judging import Account
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_api.reference import CubeRef
    from tests.e2e.conftest import Cluster
    from tests.rights.gate import Gate

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def silent() -> Iterator[str]:
    """Where a repository would be, if its server ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a/repo.git"


@pytest.fixture
def airflow(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Gate]:
    """The cluster, with what one of the roles allows; its connection is called ``k8s``."""
    name, account = request.param
    known = Account.of(build(DEPLOY / "airflow" / name), account)
    with gate(cluster.kubeconfig, known, tmp_path) as opened:
        extra = {"kube_config_path": str(opened.kubeconfig)}
        connection = {"conn_type": "kubernetes", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_K8S", json.dumps(connection))
        yield opened


def run(task_id: str, try_number: int = 1, **arguments: Any) -> CubeRef:
    """Run a try that has to end by its time limit, and be explained; return its DataCube."""
    task = DataCubeOperator(task_id=task_id, kubernetes_conn_id="k8s", timeout=2, **arguments)
    ti = TaskInstance("rights", task_id, try_number=try_number)
    with pytest.raises(DataCubeTimeoutError) as caught:
        task.execute({"ti": ti})  # type: ignore[typeddict-item]  # what it needs
    return caught.value.ref


async def seen_by_a_trigger(ref: CubeRef) -> None:
    """Wait for a DataCube as a deferred task does, for as long as it takes to be told so."""
    fields = {"namespace": ref.namespace, "name": ref.name, "uid": ref.uid}
    trigger = DataCubeTrigger(
        **fields, kubernetes_conn_id="k8s", deadline=time.time() + 1, timeout_s=1
    )
    async for _ in trigger.run():
        return


@pytest.mark.parametrize("airflow", [("run", "airflow-datacubes")], indirect=True)
def test_transfers_run_with_no_right_too_many_and_none_too_few(
    airflow: Gate, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = {"source": Git(url=silent), "sink": PVC("rights", size="1Gi"), "conn_id": "git_c"}
    connection = {"conn_type": "git", "host": silent.removesuffix("/a/repo.git")}
    monkeypatch.setenv("AIRFLOW_CONN_GIT_C", json.dumps({**connection, "password": "canary-old"}))
    kept = run("waits", **waits, on_kill_action="keep_datacube")
    asyncio.run(seen_by_a_trigger(kept))
    monkeypatch.setenv("AIRFLOW_CONN_GIT_C", json.dumps({**connection, "password": "canary-new"}))
    assert run("waits", try_number=2, **waits) == kept
    run("has-no-pod", source=Git(url=silent), sink=PVC("absent"))
    assert airflow.refused == []
    assert airflow.account.rights - airflow.used == set()


@pytest.mark.parametrize("airflow", [("watch", "airflow-datacubes-watch")], indirect=True)
def test_whoever_may_only_watch_can_wait_and_nothing_else(
    airflow: Gate, cluster: Cluster, silent: str
) -> None:
    source = Git(url=silent).to_manifest()
    ref = cluster.create("watched", source=source, sink=PVC("rights", size="1Gi").to_manifest())
    sensor = DataCubeSensor(task_id="wait", name="watched", kubernetes_conn_id="k8s")
    assert not sensor.poke({})  # type: ignore[typeddict-item]  # it needs nothing of it
    asyncio.run(seen_by_a_trigger(ref))
    assert airflow.refused == []
    assert airflow.account.rights - airflow.used == set()
    task = DataCubeOperator(task_id="run", source=source, sink=PVC("x"), kubernetes_conn_id="k8s")
    with pytest.raises(AirflowFailException, match="may not create datacubes"):
        task.execute({"ti": TaskInstance("rights", "run")})  # type: ignore[typeddict-item]
    cluster.cubes.delete_namespaced_custom_object(**ref.item())
