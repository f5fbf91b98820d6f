"""Temporary keys in a connection: the session token reaches the transfer, and is what counts."""

from __future__ import annotations

import json
import subprocess
import sys
from os import devnull
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube.models import PVC, S3
from demo.s3_server import Key
from tests.e2e.temporary_keys import IssuingS3Server, TemporaryKey, assume_role
from tests.e2e.workers import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Cluster


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
    cluster: Cluster, store: IssuingS3Server, tmp_path: Path
) -> Callable[[str, TemporaryKey, str], subprocess.CompletedProcess[str]]:
    """Download with a connection of these keys; return what the worker did."""

    def run(
        task_id: str, key: TemporaryKey, session_token: str
    ) -> subprocess.CompletedProcess[str]:
        extra = {"aws_session_token": session_token, "endpoint_url": store.url}
        given = {"login": key.access_key_id, "password": key.secret_access_key, "extra": extra}
        worker = Worker(tmp_path, cluster.kubeconfig, {"aws_c": {"conn_type": "aws", **given}})
        return worker.run(
            {"dag_id": "temporary", "task_id": task_id},
            source=S3(uri="s3://temporary/data/").to_manifest(),
            sink=PVC("temporary", size="1Gi").to_manifest(),
            conn_id="aws_c",
        )

    return run


@pytest.mark.timeout(120)
def test_temporary_keys_move_data(cluster: Cluster, transfer: Any, key: TemporaryKey) -> None:
    done = transfer("with", key, key.session_token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["result"]["files"] == 1
    assert (cluster.volume("temporary") / "1.csv").read_text() == "1"
    told = {**cluster.told(), "worker": done.stdout + done.stderr}
    for value in (key.secret_access_key, key.session_token):
        assert not [where for where, text in told.items() if value in text]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("token", ["", "canary-of-somebody-else"])
def test_without_their_token_they_are_nothing(transfer: Any, key: TemporaryKey, token: str) -> None:
    done = transfer(f"without-{len(token)}", key, token)
    assert done.returncode == 1
    assert "because    AuthenticationFailed: " in done.stdout
    assert key.secret_access_key not in done.stdout + done.stderr
