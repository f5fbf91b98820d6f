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

from demo.git_server import GitServer

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

    volume: Path
    scratch: Path
    path: str = os.environ["PATH"]
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def termination_log(self) -> Path:
        return self.scratch / "termination-log"

    def start(
        self, direction: str, *extra: str, sub_path: str = "", **variables: str
    ) -> subprocess.Popen[str]:
        self.termination_log.write_text("")
        argv = ["git", direction, "--volume", str(self.volume), "--sub-path", sub_path]
        argv += ["--termination-log", str(self.termination_log), "--", *extra]
        return self.start_raw(*argv, **variables)

    def start_raw(self, *argv: str, **variables: str) -> subprocess.Popen[str]:
        tmp = self.scratch / "tmp"
        tmp.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "datacube_runtime.transfer", *argv],
            cwd=ROOT,
            env={"PATH": self.path, "TMPDIR": str(tmp), **self.variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Ended:
        stdout, stderr = process.communicate(timeout=40)
        said = self.termination_log.read_text()
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

    def wrap_git(self, script: str) -> None:
        """Put a shell script before git; `git "$@"` in it is the real one."""
        directory = self.scratch / "bin"
        directory.mkdir()
        real = shutil.which("git")
        wrapper = directory / "git"
        wrapper.write_text(f'#!/bin/sh\ngit() {{ "{real}" "$@"; }}\n{script}\n')
        wrapper.chmod(0o755)
        self.path = f"{directory}:{self.path}"


@dataclass
class Person:
    """Somebody with a Git of their own, who works on directories and never over HTTP."""

    home: Path

    def git(self, directory: Path, *args: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "person",
            "GIT_AUTHOR_EMAIL": "person@localhost",
            "GIT_COMMITTER_NAME": "person",
            "GIT_COMMITTER_EMAIL": "person@localhost",
        }
        done = subprocess.run(
            ["git", "-C", str(directory), *args],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, directory: Path, name: str, text: str) -> str:
        """Commit a file and return the hash."""
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
        self.git(directory, "add", "--all")
        self.git(directory, "commit", "--quiet", "-m", f"{name}: {text}")
        return self.git(directory, "rev-parse", "HEAD")


@dataclass
class Origin:
    """A repository on the server, with a work tree that its owner changes it from."""

    person: Person
    bare: Path
    work: Path
    url: str

    def commit(self, name: str, text: str, branch: str = "main") -> str:
        """Commit on a branch of the server and return the hash."""
        commit = self.person.commit(self.work, name, text)
        self.push(f"HEAD:refs/heads/{branch}")
        return commit

    def push(self, *refspecs: str) -> None:
        self.person.git(self.work, "push", "--quiet", str(self.bare), *refspecs)

    def has(self, ref: str) -> str:
        """Return the hash of a ref on the server, empty where it is not there."""
        return self.person.git(self.bare, "for-each-ref", "--format=%(objectname)", ref)


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def server(tmp_path: Path, token: str) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server", token) as server:
        yield server


@pytest.fixture
def person(tmp_path: Path) -> Person:
    home = tmp_path / "home"
    home.mkdir()
    return Person(home)


@pytest.fixture
def make_origin(tmp_path: Path, server: GitServer, person: Person) -> Callable[[str], Origin]:
    def make(name: str) -> Origin:
        work = tmp_path / "work" / name
        work.mkdir(parents=True)
        person.git(work, "init", "--quiet", "--initial-branch=main")
        return Origin(person, server.create(name), work, f"{server.url}/{name}.git")

    return make


@pytest.fixture
def origin(make_origin: Callable[[str], Origin]) -> Origin:
    """A repository `models` with one commit on `main`."""
    origin = make_origin("models")
    origin.commit("a.txt", "one")
    return origin


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    volume = tmp_path / "volume"
    volume.mkdir()
    return volume


@pytest.fixture
def program(tmp_path: Path, volume: Path, token: str) -> Program:
    """The program, with the token as option; `program.variables` are those of every run."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Program(volume, scratch, variables={"TOKEN": token})


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool], timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            pause.wait(0.02)

    return wait
