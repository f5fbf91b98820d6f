"""Temporary keys in a connection: the session token reaches the transfer, and is what counts."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from os import devnull
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_datacube.models import PVC, S3
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from demo.s3_server import Key
from tests.e2e.temporary_keys import IssuingS3Server, TemporaryKey, assume_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Cluster


@dataclass
class TaskInstance:
    task_id: str
    dag_id: str = "temporary"
    run_id: str = "run-1"
    map_index: int = -1
    try_number: int = 1
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuingS3Server]:
    with IssuingS3Server(tmp_path_factory.mktemp("s3"), [KEY]) as server:
        yield server


KEY = Key("demo-key", "canary-long-lived")


@pytest.fixture
def key(store: IssuingS3Server) -> TemporaryKey:
    """Temporary keys, which have put the data there that is to be moved."""
    key = assume_role(store.url, KEY)
    environment = {
        "RCLONE_CONFIG": devnull,
        "RCLONE_CONFIG_S_TYPE": "s3",
        "RCLONE_CONFIG_S_PROVIDER": "SeaweedFS",
        "RCLONE_CONFIG_S_ENDPOINT": store.url,
        "RCLONE_CONFIG_S_ACCESS_KEY_ID": key.access_key_id,
        "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": key.secret_access_key,
        "RCLONE_CONFIG_S_SESSION_TOKEN": key.session_token,
    }
    rclone = Path(sys.executable).with_name("rclone")
    command = [rclone, "rcat", "s:temporary/data/1.csv"]
    subprocess.run(command, env=environment, input="1", text=True, check=True)
    return key


@pytest.fixture
def transfer(
    cluster: Cluster, store: IssuingS3Server, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, TemporaryKey, str], dict[str, Any]]:
    """Download with a connection of these keys; return what the task does."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_K8S",
        json.dumps(
            {"conn_type": "kubernetes", "extra": {"kube_config_path": str(cluster.kubeconfig)}}
        ),
    )

    def run(task_id: str, key: TemporaryKey, session_token: str) -> dict[str, Any]:
        extra = {"aws_session_token": session_token, "endpoint_url": store.url}
        given = {"login": key.access_key_id, "password": key.secret_access_key, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_AWS_C", json.dumps({"conn_type": "aws", **given}))
        task = DataCubeOperator(
            task_id=task_id,
            source=S3(uri="s3://temporary/data/"),
            sink=PVC("temporary", size="1Gi"),
            conn_id="aws_c",
            kubernetes_conn_id="k8s",
        )
        return task.execute({"ti": TaskInstance(task_id)})  # type: ignore[typeddict-item]  # what it needs

    return run


@pytest.mark.timeout(120)
def test_temporary_keys_move_data(cluster: Cluster, transfer: Any, key: TemporaryKey) -> None:
    assert transfer("with", key, key.session_token)["result"]["files"] == 1
    assert (cluster.volume("temporary") / "1.csv").read_text() == "1"
    told = cluster.told()
    for value in (key.secret_access_key, key.session_token):
        assert not [kind for kind, text in told.items() if value in text]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("token", ["", "canary-of-somebody-else"])
def test_without_their_token_they_are_nothing(transfer: Any, key: TemporaryKey, token: str) -> None:
    with pytest.raises(AirflowFailException, match="failed: "):
        transfer(f"without-{len(token)}", key, token)
