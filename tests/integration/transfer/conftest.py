from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.termination import MAX_BYTES
from datacube_runtime.local.tls import self_signed
from tests.integration.transfer.canary import Watch, credentials, traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "canary-4711-Zq9"


@dataclass
class Ended:
    """One run of the program, as the kubelet sees it."""

    code: int
    reason: str
    message: str
    result: dict[str, Any]
    log: str
    said: str

    @property
    def everything(self) -> str:
        return self.log + self.said


@dataclass
class Program:
    """Runs the transfer program as a process in an environment of its own."""

    service: str
    volume: Path
    scratch: Path
    path: str = os.environ["PATH"]
    variables: dict[str, str] = field(default_factory=dict)
    watch: Watch = field(init=False)  # what was seen of the run that ended last
    _given: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def tmp(self) -> Path:
        return self.scratch / "tmp"

    @property
    def termination_log(self) -> Path:
        return self.scratch / "termination-log"

    def start(
        self, direction: str, *extra: str, sub_path: str = "", **variables: str
    ) -> subprocess.Popen[str]:
        self.termination_log.write_text("")
        argv = [self.service, direction, "--volume", str(self.volume), "--sub-path", sub_path]
        argv += ["--termination-log", str(self.termination_log), "--", *extra]
        return self.start_raw(*argv, **variables)

    def start_raw(self, *argv: str, **variables: str) -> subprocess.Popen[str]:
        self.tmp.mkdir(exist_ok=True)
        given = {**self.variables, **variables}
        process = subprocess.Popen(
            [sys.executable, "-m", "datacube_runtime.transfer", *argv],
            cwd=ROOT,
            env={"PATH": self.path, "TMPDIR": str(self.tmp), **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._given[process.pid] = given
        return process

    def end(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for its end; wherever a credential must not be, there is none."""
        secrets = credentials(self._given.pop(process.pid, {}))
        with Watch(process.pid) as self.watch:
            stdout, stderr = process.communicate(timeout=40)
        said = self.termination_log.read_text()
        assert len(said.encode()) <= MAX_BYTES
        for secret in secrets:
            everything = stdout + stderr + said
            found = [
                *self.watch.problems(secret),
                *traces(secret, everything, self.volume, self.tmp),
            ]
            assert not found, found[:5]
        last = json.loads(said)
        return Ended(
            process.returncode, last["reason"], last["message"], last["result"],
            stdout + stderr, said,
        )  # fmt: skip

    def __call__(self, direction: str, *extra: str, sub_path: str = "", **variables: str) -> Ended:
        return self.end(self.start(direction, *extra, sub_path=sub_path, **variables))

    def download(self, *extra: str, sub_path: str = "", **variables: str) -> Ended:
        return self("download", *extra, sub_path=sub_path, **variables)

    def upload(self, *extra: str, sub_path: str = "", **variables: str) -> Ended:
        return self("upload", *extra, sub_path=sub_path, **variables)

    def wrap(self, name: str, script: str) -> None:
        """Put a shell script before a program; `real "$@"` in it is the real one."""
        directory = self.scratch / "bin"
        directory.mkdir(exist_ok=True)
        wrapper = directory / name
        assert not wrapper.exists(), "wrapped already: it would call itself"
        real = shutil.which(name, path=self.path)
        wrapper.write_text(f'#!/bin/sh\nreal() {{ "{real}" "$@"; }}\n{script}\n')
        wrapper.chmod(0o755)
        self.path = f"{directory}:{self.path}"


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    volume = tmp_path / "volume"
    volume.mkdir()
    return volume


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A volume of 2 MiB."""
    volume = tmp_path / "tiny"
    volume.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(volume)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield volume
    subprocess.run(["umount", str(volume)], check=True)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A private certificate authority: key and certificate."""
    path = tmp_path / "authority.pem"
    path.write_bytes(self_signed())
    return path


@pytest.fixture
def make_program(tmp_path: Path, volume: Path) -> Callable[..., Program]:
    """The program for one service; `program.variables` are those of every run."""

    def make(service: str, **variables: str) -> Program:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        return Program(service, volume, scratch, variables=variables)

    return make


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool], timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            pause.wait(0.02)

    return wait
