from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.rights.building import KUBECTL, ROOT
from tests.waiting import until as _until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Return what waits for a condition, and fails when it does not come."""
    return _until


@dataclass(frozen=True)
class Kubectl:
    """kubectl, with the rights of a kubeconfig."""

    kubeconfig: Path

    def __call__(self, *words: str, text: str | None = None) -> str:
        done = subprocess.run(
            [KUBECTL, *words],
            env={
                "KUBECONFIG": str(self.kubeconfig),
                "PATH": os.defpath,
                "HOME": str(self.kubeconfig.parent),
            },
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running(*words: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of our programs until the block ends, in an environment that says nothing."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"]},
            cwd=ROOT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="session")
def program() -> Any:
    """Return what runs a program: ``with program("package.module", …, log=path)``."""
    return running


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The embedded cluster without a controller; kubectl as one who may do all."""
    data = tmp_path_factory.mktemp("bare") / "data"
    log = data.with_suffix(".log")
    words = ("datacube_runtime.local", "start", "--data-dir", str(data), "--no-controller")
    with running(*words, log=log):
        _until(lambda: "ready: KUBECONFIG=" in log.read_text())
        yield Kubectl(data / "kubeconfig")
