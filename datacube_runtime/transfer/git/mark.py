"""
A mark in a repository while a transfer changes it, and the mending of what a killed one left.

A clone is made aside and renamed, but a repository that is there already is changed in place by
Git, file after file. Killed in the middle, Git leaves locks, packs that nobody finished, files that
are new already, and one of which only the beginning is there; and then it refuses to go on, since
all that looks like somebody's work. The mark says that it was ours, and at what it aimed; ``mend``
does the rest.
"""

from __future__ import annotations

import itertools
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.mend import mend
from datacube_runtime.transfer.paths import lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_runtime.transfer.git.session import Git
    from datacube_runtime.transfer.git.view import View

_NAME = "datacube-transfer"
_LONGEST = 1024


@dataclass(frozen=True)
class _Left:
    """What the last transfer says: what it aimed at, and whether it ended by itself."""

    commit: str
    ended: bool


@contextmanager
def at_work(git: Git, view: View, commit: str) -> Iterator[None]:
    """
    Mark the repository while the body aims at ``commit``; first mend what a killed transfer left.

    The mark stays where the body fails: what is half done is put right by the next transfer.

    :raises TransferError: EngineFailed; another transfer is at work there.
    """
    path = view.git_dir / _NAME
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        if not lock(handle):
            message = (
                f"another transfer is at work in {view.directory.name!r}: let it end, then retry"
            )
            raise TransferError(Reason.ENGINE_FAILED, message)
        if left := _read(handle):
            if not left.ended:
                _clear(view.git_dir, os.fstat(handle).st_mtime_ns)
            mend(git, view, left.commit)
        _write(handle, _Left(commit, ended=False))
        try:
            yield
        except BaseException:
            _clear(view.git_dir, os.fstat(handle).st_mtime_ns)
            _write(handle, _Left(commit, ended=True))
            raise
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _read(handle: int) -> _Left | None:
    try:
        said = json.loads(os.pread(handle, _LONGEST, 0))
        return _Left(str(said["commit"]), bool(said["ended"]))
    except (ValueError, TypeError, KeyError):  # new, or cut
        return None


def _write(handle: int, left: _Left) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(asdict(left)).encode(), 0)


def _clear(git_dir: Path, since_ns: int) -> None:
    """Remove the locks and unfinished packs that have come since the mark was set."""
    objects = git_dir / "objects"
    locks = (git_dir.glob("*.lock"), (git_dir / "refs").rglob("*.lock"))
    unfinished = (objects.glob("pack/tmp_*"), objects.glob("??/tmp_obj_*"))
    for path in itertools.chain(*locks, *unfinished):
        if path.lstat().st_mtime_ns >= since_ns:
            path.unlink(missing_ok=True)
