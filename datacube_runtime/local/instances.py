"""
A data directory as seen from outside: whose it is, and which embedded cluster runs in it.

A lock says whether one runs, because it goes with the process, whatever kills it; a number in a
file would have to be believed. The lock's file is the first in a data directory and so its mark:
what has no mark is somebody else's and is never closed to others, filled or removed. Facts about
the running cluster (process, address, how far its start got) stand in a file beside it.

This module starts and ends nothing, and knows neither the API nor its clients.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_runtime.local.files import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

READY = "ready"
SERVER_LOG, CONTROLLER_LOG = "datacube-local.log", "controller.log"

_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600
_MARK = "datacube-local.lock"
_FACTS = "instance.json"
_NOT_THERE = (FileNotFoundError, PermissionError)
_GLANCES = 20
_GLANCE_S = 0.01


class DataDirectoryError(Exception):
    """The data directory cannot be used: a cluster runs there, or it is somebody else's."""


@dataclass(frozen=True)
class Instance:
    """A running embedded cluster."""

    pid: int
    """0 for the moment in which it has the lock and has said nothing yet."""

    stage: str
    """What it is doing while it starts; then ``ready``."""

    since: str = ""
    server: str = ""

    @property
    def is_ready(self) -> bool:
        """Tell whether its API answers."""
        return self.stage == READY


def is_ours(directory: Path) -> bool:
    """Tell whether an embedded cluster of this user made the directory what it is."""
    try:
        mark = (directory / _MARK).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(mark.st_mode) and mark.st_uid == os.geteuid()


def prepare(directory: Path) -> None:
    """
    Make the directory and mark it; close one of ours to others: it holds Secrets and the token.

    :raises DataDirectoryError: it holds other things, is another user's, or is no directory.
    """
    if directory.exists() and not directory.is_dir():
        raise DataDirectoryError(f"{directory} is not a directory")
    directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.geteuid():
        raise DataDirectoryError(f"{directory} belongs to another user: choose another one")
    if not is_ours(directory) and any(directory.iterdir()):
        raise DataDirectoryError(
            f"{directory} is not empty and is no data directory of an embedded cluster: choose "
            "another one"
        )
    directory.chmod(_PRIVATE_DIRECTORY)
    os.close(_open_mark(directory))


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """
    Keep everybody else off a prepared directory; the lock goes with the process.

    :raises DataDirectoryError: somebody has it.
    """
    descriptor = _open_mark(directory)
    try:
        if not _taken(descriptor):
            raise DataDirectoryError(
                f"an embedded cluster already runs in {directory}: `status` says where"
            )
        yield
    finally:
        os.close(descriptor)


def say(directory: Path, instance: Instance) -> None:
    """Write down what others may know of the running cluster."""
    write_private(directory / _FACTS, json.dumps(asdict(instance)).encode())


def running_in(directory: Path) -> Instance | None:
    """Return the cluster that runs in the directory; None where none does."""
    if not is_ours(directory):
        return None
    descriptor = os.open(directory / _MARK, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _facts(directory)
    finally:
        os.close(descriptor)
    return None


def _facts(directory: Path) -> Instance:
    """Return what the cluster said; what an earlier, killed one said is not believed."""
    try:
        said = Instance(**json.loads((directory / _FACTS).read_bytes()))
        if _has_open(said.pid, (directory / _MARK).stat()):
            return said
    except _NOT_THERE:  # it has said nothing yet, or the process is no more, or another user's
        pass
    return Instance(pid=0, stage="starting")


def _has_open(pid: int, mark: os.stat_result) -> bool:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(*_NOT_THERE):  # closed meanwhile
            if os.path.samestat(descriptor.stat(), mark):
                return True
    return False


def forget(directory: Path) -> None:
    """Drop what was said, for the next to begin with nothing; call it with the lock held."""
    (directory / _FACTS).unlink(missing_ok=True)


def _open_mark(directory: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(directory / _MARK, flags, _PRIVATE_FILE)


def _taken(descriptor: int) -> bool:
    """Take the lock; who merely looks holds it for microseconds, so look more than once."""
    for _ in range(_GLANCES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            threading.Event().wait(_GLANCE_S)
        else:
            return True
    return False
