"""
The private directory of one pod: ``pods/<uid>``, gone when the pod has ended.

It holds home and temporary files, emptyDir volumes, the files of Secrets, the termination message,
and the record by which a restarted cluster finds what a killed one left running. The record is
begun before the process is and completed right after, so that there is no moment at which a
process runs and nothing says so.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from datacube_runtime.local.pods.errors import ContainerConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.pods.files import File

_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True)
class Record:
    """Which process a pod has; ``pid`` is 0 while it is being started."""

    pid: int = 0
    identity: str = ""
    """What tells the process from another one that got the same pid later."""


class Scratch:
    """The directories and files of one pod."""

    def __init__(self, root: Path, uid: str) -> None:
        if not _UID.fullmatch(uid):
            raise ValueError(f"not a uid: {uid!r}")
        self.uid = uid
        self.path = root / uid
        self.termination_log = self.path / "termination-log"
        self._record = self.path / "process.json"

    def make(self) -> None:
        """Make the directory, or take up the one that an earlier start of the pod left."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.termination_log.touch(mode=0o600)

    def directory(self, *parts: str) -> Path:
        """
        Return a directory below the pod's own, made if need be.

        :raises ContainerConfigError: a part is no plain name, so it might lead elsewhere.
        """
        if any(part in ("", ".", "..") or "/" in part for part in parts):
            raise ContainerConfigError(f"not the name of a volume: {'/'.join(parts)!r}")
        directory = self.path
        for part in parts:  # one by one: mkdir gives its mode to the last one only
            directory /= part
            directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def write_record(self, record: Record) -> None:
        """Note the process; never half, however the cluster dies."""
        draft = self._record.with_suffix(".new")
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(self._record)

    def read_record(self) -> Record | None:
        """Return what was noted; None where no process was ever started."""
        if not self._record.exists():
            return None
        return Record(**json.loads(self._record.read_text()))


def all_scratches(root: Path) -> Iterator[Scratch]:
    """Yield what there is."""
    for path in sorted(root.iterdir()):
        if _UID.fullmatch(path.name):
            yield Scratch(root, path.name)


def write_files(directory: Path, files: Mapping[str, File]) -> None:
    """
    Write the files of a volume for the owner alone, replacing older ones.

    :raises ContainerConfigError: a name leads out of the directory.
    """
    for name, held in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ContainerConfigError(f"not a path of a file: {name!r}")
        target = directory / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, held.mode)
            file.write(held.content)
