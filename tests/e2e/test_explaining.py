"""Tasks that fail on a real cluster: what their error and their log say."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout as airflow_timeout

from airflow_provider_datacube.models import PVC, Executor, Git, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api import errors
from datacube_api.reference import CubeRef, collection
from tests.e2e.conftest import NAMESPACE, until
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.git_server import GitServer
    from tests.e2e.conftest import Cluster

    Fail = Callable[..., tuple[BaseException, str]]

pytestmark = pytest.mark.timeout(90)

MISSING = SecretRef("absent-token", "token")
VOLUME = PVC("explaining", size="1Gi")


@pytest.fixture
def url(git_server: GitServer) -> str:
    return f"{git_server.url}/no/such.git"


@pytest.fixture
def fail(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Fail:
    """Run an operator as a worker does; return the error that it ends with, and what it logged."""
    extra = {"kube_config_path": str(cluster.kubeconfig)}
    connection = {"conn_type": "kubernetes", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_EXPLAINING", json.dumps(connection))

    def run(task_id: str, **arguments: Any) -> tuple[BaseException, str]:
        given = {"sink": VOLUME, "kubernetes_conn_id": "explaining", **arguments}
        task = DataCubeOperator(task_id=task_id, **given)
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - the tests look at it
            task.execute({"ti": TaskInstance("explaining", task_id)})  # type: ignore[typeddict-item]  # enough
        return caught.value, capsys.readouterr().out

    return run


def test_a_wrong_token(fail: Fail, url: str) -> None:
    error, log = fail("wrong-token", source=Git(url=url, token=SecretRef("wrong-token", "token")))
    assert isinstance(error, AirflowFailException)
    assert "failed: AuthenticationFailed: http://127.0.0.1:" in str(error)
    assert str(error).endswith("renew the credential in its Secret or connection, or give one")
    assert "retries    none: the next try would fail in the same way" in log
    assert "container transfer terminated, Error, exit code 77" in log
    assert "| ERROR AuthenticationFailed: " in log
    assert "Job BackoffLimitExceeded" in log
    assert "canary" not in f"{error}{log}"


def test_a_secret_that_is_missing(fail: Fail, cluster: Cluster, url: str) -> None:
    error, log = fail("no-secret", source=Git(url=url, token=MISSING), timeout=5)
    assert isinstance(error, errors.DataCubeTimeoutError)
    missing = 'CreateContainerConfigError: secret "absent-token" not found'
    mend = "create what the message names, in the DataCube's namespace: the pod starts by itself"
    assert str(error).startswith(f"DataCube default/{error.ref.name} did not end within 5 seconds;")
    assert str(error).endswith(f"is pending: {missing}; {mend}")
    said, _, explained = log.partition("did not end in time")
    assert f"[warning  ] DataCube default/{error.ref.name}: Pending (PodPending: pod " in said
    assert f"{missing}); {mend}" in said
    assert "condition  Initialized is False" in explained
    assert 'Warning  Pod Failed: Error: secret "absent-token" not found' in explained
    # Which were there to be read until then.
    assert "is deleted" in explained
    until(lambda: not cluster.has(cluster.batch.read_namespaced_job, f"{error.ref.name}-batchjob"))


def test_a_deadline_that_passes_before_the_start(fail: Fail, url: str) -> None:
    executor = Executor(active_deadline_seconds=3)
    source = Git(url=url, token=MISSING)
    error, log = fail("too-late", source=source, transfer_executor=executor)
    assert isinstance(error, errors.DataCubeFailedError)
    assert "DeadlineExceeded: the attempt took longer than" in str(error)
    assert "; it was waiting: PodPending: pod " in str(error)
    assert 'secret "absent-token" not found; give Executor(active_deadline_seconds=' in str(error)
    assert "Pod DeadlineExceeded: Pod was active on the node longer than" in log


def test_a_claim_that_is_missing(fail: Fail, url: str) -> None:
    error, log = fail("no-claim", source=Git(url=url), sink=PVC("absent"), timeout=4)
    assert "VolumeNotFound: spec.sink.pvc.name: PersistentVolumeClaim 'absent'" in str(error)
    assert str(error).endswith("create it first, or give PVC(size=…) for a download")
    assert "missing    the pod: there is none" in log


def test_one_that_somebody_deletes(fail: Fail, cluster: Cluster, url: str) -> None:
    def delete() -> None:
        def stuck() -> list[CubeRef]:
            cubes = cluster.cubes.list_namespaced_custom_object(**collection(NAMESPACE))["items"]
            return [
                CubeRef.of(cube)
                for cube in cubes
                if cube["metadata"]["name"].startswith("explaining-deleted-")
                and ((cube.get("status") or {}).get("pod") or {}).get("status", "").startswith("Cr")
            ]

        (ref,) = until(stuck)
        cluster.cubes.delete_namespaced_custom_object(**ref.item())

    somebody = threading.Thread(target=delete)
    somebody.start()
    error, log = fail("deleted", source=Git(url=url, token=MISSING))
    somebody.join()
    assert isinstance(error, errors.DataCubeGoneError)
    assert error.pod
    assert f"DataCube {error.ref} is gone" in log
    assert 'Warning  Pod Failed: Error: secret "absent-token" not found' in log


def test_airflows_own_timeout(fail: Fail, url: str) -> None:
    with airflow_timeout(5):
        error, log = fail("slow", source=Git(url=url, token=MISSING))
    assert isinstance(error, AirflowTaskTimeout)
    explained = log.partition("did not end in time")[2]
    assert 'CreateContainerConfigError: secret "absent-token" not found' in explained
