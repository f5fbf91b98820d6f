"""The delete operator, where a real pod has to end."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow_provider_datacube.operators.datacube_delete import DataCubeDeleteOperator
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from tests.e2e.conftest import Cluster
    from tests.e2e.services import Services

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


@pytest.mark.timeout(120)
def test_it_returns_when_the_transfer_pod_has_ended(
    cluster: Cluster, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"kube_config_path": str(cluster.kubeconfig)}
    connection = json.dumps({"conn_type": "kubernetes", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_E2E", connection)
    services.proxy.silent.add("git.example")
    ref = cluster.create(
        "hangs",
        source={"type": "git", "options": [{"name": "url", "value": "http://git.example/a/b.git"}]},
        sink={"type": "pvc", "pvc": {"name": "hangs", "template": {"spec": CLAIM}}},
        executor={"env": [{"name": "HTTP_PROXY", "value": services.proxy.url}]},
    )

    def pods() -> list[str]:
        found = cluster.core.list_namespaced_pod("default").items
        mine = [pod for pod in found if pod.metadata.name.startswith("hangs-")]
        return [pod.status.phase for pod in mine]

    until(lambda: pods() == ["Running"])
    deletion: Any = DataCubeDeleteOperator(
        task_id="clean",
        name=ref.name,
        uid=ref.uid,
        wait_for_completion=True,
        poll_interval=0.1,
        kubernetes_conn_id="e2e",
    )
    assert deletion.execute({}) == ["hangs"]
    assert pods() == []
    services.proxy.silent.clear()
