"""One embedded cluster with its controller and runner, and one Git server, for all e2e tests."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.client import ApiClient, BatchV1Api, CoreV1Api, CustomObjectsApi
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config

from datacube_api.reference import CubeRef, collection
from datacube_api.status import Outcome, Phase, evaluate
from demo.git_server import GitServer
from tests.e2e.services import Services
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIN = Path(sys.executable).parent
NAMESPACE = "default"


@dataclass(frozen=True)
class Cluster:
    """What the tests ask of a cluster."""

    kubeconfig: Path
    data: Path
    client: ApiClient

    @property
    def cubes(self) -> CustomObjectsApi:
        return CustomObjectsApi(self.client)

    @property
    def core(self) -> CoreV1Api:
        return CoreV1Api(self.client)

    @property
    def batch(self) -> BatchV1Api:
        return BatchV1Api(self.client)

    def told(self) -> dict[str, str]:
        """Return everything that the API server tells of this namespace, Secrets apart."""
        kinds = ("datacubes", "jobs", "pods", "persistentvolumeclaims", "events", "configmaps")
        return {kind: self.kubectl("get", kind, "--output=yaml") for kind in kinds}

    def create(self, name: str, **spec: Any) -> CubeRef:
        manifest = {
            "apiVersion": "tensorstack.dev/v1beta1",
            "kind": "DataCube",
            "metadata": {"name": name},
            "spec": spec,
        }
        made = self.cubes.create_namespaced_custom_object(**collection(NAMESPACE), body=manifest)
        return CubeRef.of(made)

    def read(self, ref: CubeRef) -> dict[str, Any]:
        cube: dict[str, Any] = self.cubes.get_namespaced_custom_object(**ref.item())
        return cube

    def ended(self, ref: CubeRef, timeout_s: float = 40) -> Outcome:
        def look() -> Outcome | None:
            outcome = evaluate(self.read(ref).get("status"))
            return outcome if outcome.phase.is_terminal else None

        outcome: Outcome = until(look, timeout_s)
        return outcome

    def completed(self, name: str, timeout_s: float = 60) -> dict[str, Any]:
        """Return a DataCube that is complete; of one that is not, show why and its pod's log."""
        ref = CubeRef(NAMESPACE, name)
        with suppress(AssertionError):  # it hangs: say so below, with all that is known
            self.ended(ref, timeout_s)
        cube = self.read(ref)
        outcome = evaluate(cube.get("status"))
        assert outcome.phase is Phase.SUCCEEDED, f"{name}: {outcome}\n{self._log(name)}"
        return cube

    def _log(self, name: str) -> str:
        """Return what the pods of a DataCube wrote; there may be none."""
        pods = self.core.list_namespaced_pod(
            NAMESPACE, label_selector=f"tensorstack.dev/datacube={name}"
        )
        told = (self._kubectl("logs", "--prefix", pod.metadata.name) for pod in pods.items)
        return "".join(done.stdout + done.stderr for done in told)

    def has(self, read: Callable[..., Any], name: str) -> bool:
        try:
            read(name, NAMESPACE)
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    def volume(self, claim: str) -> Path:
        return self.data / "volumes" / NAMESPACE / claim

    def secret(self, name: str, **values: str) -> None:
        body = {"metadata": {"name": name}, "stringData": values}
        self.core.create_namespaced_secret(NAMESPACE, body)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        done = self._kubectl(*arguments, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _kubectl(
        self, *arguments: str, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / "kubectl", *arguments],
            env={"KUBECONFIG": str(self.kubeconfig), "PATH": os.defpath, "HOME": str(self.data)},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def started(data: Path) -> Iterator[tuple[Cluster, subprocess.Popen[bytes]]]:
    """Run a cluster with its controller over a directory; give its process, too."""
    log = data.with_suffix(".log")
    program = str(BIN / "datacube-local")
    command = [program, "start", "--data-dir", str(data), "--backoff-base", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        until(lambda: "ready: KUBECONFIG=" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        kubeconfig = data / "kubeconfig"
        with new_client_from_config(str(kubeconfig)) as client:
            yield Cluster(kubeconfig, data, client), process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster")) as (cluster, _):
        yield cluster


@pytest.fixture(scope="session")
def git_token() -> str:
    return f"canary-{secrets.token_hex(12)}"


@pytest.fixture(scope="session")
def git_server(tmp_path_factory: pytest.TempPathFactory, git_token: str) -> Iterator[GitServer]:
    with GitServer(tmp_path_factory.mktemp("git"), git_token) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def git_secret(cluster: Cluster, git_token: str) -> str:
    cluster.secret("git-token", token=git_token)
    cluster.secret("wrong-token", token="canary-wrong")
    return "git-token"


@pytest.fixture(scope="session")
def services(
    cluster: Cluster, git_server: GitServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    with Services(tmp_path_factory.mktemp("services"), git_server) as services:
        services.tell(cluster)
        yield services
