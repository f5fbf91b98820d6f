from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from demo.git_server import GitServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


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
def program(make_program: Callable[..., Any], token: str) -> Any:
    """The program for Git, with the token as option."""
    return make_program("git", TOKEN=token)
