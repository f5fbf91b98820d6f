"""
A namespace of one's own on whatever cluster ``--kubeconfig`` names, made before and removed after.

Without one it is an embedded cluster, so that the suite is run whenever the others are. Only the
API is used: what arrived in a volume is seen by sending it on to a server. The servers are on this
machine; pods reach them by a proxy that knows them by name.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.models import PVC, DataCube, Executor, Git, SecretRef, Spec
from datacube_api.pod_settings import PodSettings
from datacube_api.status import Outcome, Phase, evaluate
from demo.git_server import GitServer
from tests import waiting
from tests.e2e.services import Services
from tests.rights.building import DEPLOY, KUBECTL, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_api.ends import End

NO_SETTINGS = PodSettings()
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


until = partial(waiting.until, timeout_s=120)


@dataclass(frozen=True)
class Space:
    """The namespace, by kubectl."""

    kubeconfig: Path
    name: str
    storage_class: str
    proxy: str

    def kubectl(self, *words: str, text: str | None = None) -> str:
        done = subprocess.run(
            [KUBECTL, "--namespace", self.name, *words],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create(self, manifest: Any) -> None:
        self.kubectl("create", "--filename=-", text=json.dumps(manifest))

    def secret(self, name: str, **values: str) -> None:
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        self.create({**head, "stringData": values})

    def volume(self, sub_path: str) -> PVC:
        """Return the one volume of all tests, made by the first download."""
        wanted = {"storage_class": self.storage_class} if self.storage_class else {}
        return PVC("data", sub_path=sub_path, size="1Gi", **wanted)

    def start(
        self,
        name: str,
        source: End,
        sink: End,
        backoff_limit: int = 0,
        settings: PodSettings = NO_SETTINGS,
        **how: Any,
    ) -> str:
        """Create a DataCube whose pod reaches the servers; return its name."""
        network = {"HTTP_PROXY": self.proxy, "HF_ENDPOINT": "http://hub.example"}
        executor = Executor(env=network, backoff_limit=backoff_limit, **how)
        spec = Spec(source=source, sink=sink, executor=executor)
        meta = {"name": name, "annotations": settings.to_annotations()}
        self.create(DataCube(metadata=meta, spec=spec).to_manifest())
        return name

    def outcome(self, name: str) -> Outcome:
        cube = json.loads(self.kubectl("get", "datacube", name, "--output=json"))
        return evaluate(cube.get("status"))

    def ended(self, name: str) -> Outcome:
        def look() -> Outcome | None:
            outcome = self.outcome(name)
            return outcome if outcome.phase.is_terminal else None

        outcome: Outcome = until(look)
        return outcome

    def runs(self, name: str) -> str:
        """Wait until the transfer of a DataCube runs; return its pod."""
        until(lambda: self.outcome(name).phase is Phase.RUNNING)
        (pod,) = self.pods(name)
        return pod

    def pods(self, name: str) -> list[str]:
        label = f"tensorstack.dev/datacube={name}"
        return self.kubectl("get", "pods", f"--selector={label}", "--output=name").split()


@contextmanager
def _program(*words: str, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(40)


@pytest.fixture(scope="session")
def kubeconfig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    if named := request.config.getoption("kubeconfig"):
        yield named
        return
    data = tmp_path_factory.mktemp("embedded") / "data"
    log = data.with_suffix(".log")
    words = ("datacube_runtime.local", "start", "--data-dir", str(data), "--no-controller")
    with _program(*words, "--backoff-base", "1", log=log):
        until(lambda: "ready: KUBECONFIG=" in log.read_text())
        yield data / "kubeconfig"


@pytest.fixture(scope="session")
def git_token() -> str:
    return f"canary-{secrets.token_hex(12)}"


@pytest.fixture(scope="session")
def services(
    request: pytest.FixtureRequest, git_token: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    address = request.config.getoption("address")
    with (
        GitServer(tmp_path_factory.mktemp("git"), git_token) as git,
        Services(tmp_path_factory.mktemp("services"), git, address) as services,
    ):
        yield services


@dataclass(frozen=True)
class Silence:
    """A repository whose server takes a request and never answers it, until the silence ends."""

    services: Services
    repository: Git

    def was_met(self) -> None:
        """Wait until a transfer hangs in it: this one will get no answer any more."""
        until(lambda: self.services.proxy.asked)

    def ends(self) -> None:
        """Answer whoever asks from now on."""
        self.services.proxy.silent.clear()


@pytest.fixture
def silence(services: Services) -> Iterator[Silence]:
    path = f"silent/{secrets.token_hex(4)}"
    services.make_git_repository(path, tag="v1")
    token = SecretRef("git-token", "token")
    silence = Silence(services, Git(url=f"http://git.example/{path}.git", ref="main", token=token))
    services.proxy.asked.clear()
    services.proxy.silent.add("git.example")
    yield silence
    silence.ends()


@pytest.fixture(scope="session")
def space(
    request: pytest.FixtureRequest,
    kubeconfig: Path,
    services: Services,
    git_token: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Space]:
    option = request.config.getoption
    name = f"datacube-test-{secrets.token_hex(4)}"
    space = Space(kubeconfig, name, option("storage_class"), services.proxy.url)
    space.kubectl("apply", "--server-side", "--force-conflicts", "--kustomize", str(DEPLOY))
    space.kubectl("create", "namespace", name)
    try:
        space.kubectl("label", "namespace", name, RESTRICTED)
        key = services.s3_key
        space.secret("git-token", token=git_token)
        space.secret("hf-token", token=services.hub_token)
        pair = {"accessKeyID": key.access_key_id, "secretAccessKey": key.secret_access_key}
        space.secret("s3-config", endpoint="http://s3.example", **pair)
        if option("controller") == "there":
            yield space
            return
        words = [
            "datacube_runtime.controller",
            "--kubeconfig",
            str(kubeconfig),
            "--namespace",
            name,
        ]
        words += ["--listen", "off", *(["--image", option("image")] if option("image") else [])]
        with _program(*words, log=tmp_path_factory.mktemp("controller") / "log"):
            yield space
    finally:
        space.kubectl("delete", "namespace", name, "--wait=false")
