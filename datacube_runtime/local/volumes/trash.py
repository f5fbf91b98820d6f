"""
Getting rid of whole directories without making the event loop wait.

A directory is first renamed, so that its name is free (and what it held is out of reach) at once,
and removed by a thread afterwards. What a killed cluster did not get to is removed at the next
start.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import threading
import uuid
from pathlib import Path

log = logging.getLogger(__name__)


class Trash:
    """A directory on the same file system as what is thrown away."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def discard(self, path: Path) -> None:
        """Make ``path`` vanish; one that is not there is no error."""
        gone = self._root / uuid.uuid4().hex
        try:
            path.rename(gone)
        except FileNotFoundError:
            return
        threading.Thread(target=_remove, args=(gone,), name="trash").start()

    def empty(self) -> None:
        """Remove what an earlier life left behind."""
        for gone in self._root.iterdir():
            threading.Thread(target=_remove, args=(gone,), name="trash").start()


def _remove(path: Path) -> None:
    """Remove a tree, directories that forbid it included: their owner may allow it again."""
    try:
        if path.is_symlink():  # what it leads to is somebody else's
            path.unlink()
            return
        path.chmod(stat.S_IRWXU)
        for parent, names, _ in os.walk(path):
            for directory in (Path(parent, name) for name in names):
                if not directory.is_symlink():  # chmod would follow it out of the tree
                    directory.chmod(stat.S_IRWXU)
        shutil.rmtree(path)
    except OSError as error:
        # A process that still writes into it may get in between; the next start tries again.
        log.warning("Could not remove %s: %s", path, error.strerror)
