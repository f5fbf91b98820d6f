"""
Paths inside a container, turned into paths of this machine.

A process has no mount namespace of its own, so what a volumeMount promises is kept by rewriting
words. What is rewritten: a word of the command, an argument, a plain variable or the working
directory that is a mount path or lies below one (``/volume``, ``/volume/x``), also behind ``name=``
or ``--name=``.

What this cannot do: a path inside a longer text (``sh -c "cat /volume/x"``), a path that the
program makes up itself, and one read from a Secret all mean this machine's own file system; scripts
use ``workingDir`` and relative paths, or a variable. ``readOnly`` is not enforced, nor is anything
else hidden from the process: it may do what its user may.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ASSIGNMENT = re.compile(r"(-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*=)(/.*)", re.DOTALL)


@dataclass(frozen=True)
class Mounts:
    """Which directory or file of this machine stands for which path of the container."""

    hosts: Mapping[str, Path]

    def localise(self, word: str) -> str:
        """Return the word as it is meant on this machine."""
        option, path = "", word
        if assignment := _ASSIGNMENT.fullmatch(word):
            option, path = assignment[1], assignment[2]
        local = self.local_path(path)
        return word if local is None else option + local

    def local_path(self, path: str) -> str | None:
        """
        Return the path on this machine; None where no mount holds it.

        A trailing slash stays: to some programs it says something.
        """
        found = self.place(path)
        if found is None:
            return None
        local = str(found[0] / found[1])
        return local + "/" if path.endswith("/") else local

    def place(self, path: str) -> tuple[Path, PurePosixPath] | None:
        """
        Return what is mounted where a path is, and the rest of the path; None where nothing is.

        ``..`` is resolved before, so that a word cannot climb out of a volume, and of two mounts
        the deeper one counts.
        """
        if not path.startswith("/"):
            return None
        asked = PurePosixPath("/" + posixpath.normpath(path).lstrip("/"))
        holding = [mount for mount in self.hosts if asked.is_relative_to(_normal(mount))]
        if not holding:
            return None
        mount = max(holding, key=lambda mount: len(_normal(mount).parts))
        return self.hosts[mount], asked.relative_to(_normal(mount))


def _normal(mount: str) -> PurePosixPath:
    return PurePosixPath(posixpath.normpath(mount))
