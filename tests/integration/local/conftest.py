from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.config import new_client_from_config

from tests import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubernetes.client import ApiClient

BIN = Path(sys.executable).parent
START_S = 20
ROUNDS = 5


until = partial(waiting.until, timeout_s=20)


@dataclass(frozen=True)
class Running:
    """One `datacube-local start`, without its controller."""

    process: subprocess.Popen[bytes]
    data: Path

    @property
    def kubeconfig(self) -> Path:
        return self.data / "kubeconfig"

    @property
    def server(self) -> str:
        return next(
            line.split()[-1]
            for line in self.kubeconfig.read_text().splitlines()
            if "server:" in line
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=START_S)

    def kubectl(self, *words: str, text: str = "", fails: bool = False) -> str:
        done = subprocess.run(
            [BIN / "kubectl", *words],
            env={"KUBECONFIG": str(self.kubeconfig), "PATH": os.defpath, "HOME": str(self.data)},
            input=text,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout


def start(data: Path, *options: str) -> Running:
    command = [BIN / "datacube-local", "start", "--data-dir", data, "--no-controller", *options]
    log = data.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    until(lambda: b"ready: KUBECONFIG=" in log.read_bytes() or process.poll() is not None)
    assert process.poll() is None, log.read_text()
    return Running(process, data)


@contextmanager
def started(data: Path, *options: str) -> Iterator[Running]:
    running = start(data, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "how often the embedded cluster is killed (name this folder to say another number)"
    parser.addoption("--kill-rounds", type=int, default=ROUNDS, help=words)


@pytest.fixture
def kill_rounds(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--kill-rounds", ROUNDS))


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return until


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("local") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def launched() -> Any:
    """Start an embedded cluster of one's own: `with launched(directory) as running`."""
    return started


@pytest.fixture
def client(cluster: Running) -> Iterator[ApiClient]:
    with new_client_from_config(str(cluster.kubeconfig)) as client:
        yield client


@pytest.fixture
def cube() -> Callable[[str], dict[str, Any]]:
    def make(name: str) -> dict[str, Any]:
        url = {"name": "url", "value": "https://example.org/a/repo.git"}
        return {
            "apiVersion": "tensorstack.dev/v1beta1",
            "kind": "DataCube",
            "metadata": {"name": name},
            "spec": {
                "source": {"type": "git", "options": [url]},
                "sink": {"type": "pvc", "pvc": {"name": "data"}},
            },
        }

    return make
