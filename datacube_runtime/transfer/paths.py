"""
Where in the volume a transfer works, and nowhere else.

What is in a volume was put there by others: a symbolic link in it may lead anywhere. So the real
path counts, and it has to be inside. (Whoever can change the volume in the very moment between
this check and the use can still move the ground; the pod has nothing else mounted to reach.)
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from datacube_runtime.transfer.exit import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator


def target(volume: Path, sub_path: str, name: str = "") -> Path:
    """
    Return the real path of ``<volume>/<sub_path>/<name>``, which need not exist.

    :raises TransferError: InvalidOption; it is not below the volume, or a link leads out of it.
    """
    relative = PurePosixPath(sub_path)
    if relative.is_absolute() or ".." in relative.parts or "\0" in sub_path:
        raise invalid("subPath", "must be relative and without '..'")
    root = volume.resolve()
    try:
        path = (root / relative / name).resolve()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()  # from Python 3.13 on, resolving alone does not see a loop
    except (OSError, RuntimeError) as error:  # a loop of links
        raise invalid("subPath", "leads through a loop of symbolic links") from error
    if not path.is_relative_to(root):
        raise invalid("subPath", "leads out of the volume through a symbolic link")
    return path


def is_occupied(path: Path) -> bool:
    """Tell whether something is there that is not an empty directory."""
    if not path.is_dir():
        return path.exists()
    with os.scandir(path) as entries:
        return any(True for _ in entries)


@contextmanager
def partial(final: Path) -> Iterator[Path]:
    """
    Yield a new directory beside ``final``; at the end it is gone, with what is still in it.

    A download is made in there and then renamed to its final name, so that nothing half-written
    ever has it. A lock says that it is in use: what has none is left over from a process that was
    killed, and goes first.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(final)
    path, handle = _locked_directory(final)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def _locked_directory(final: Path) -> tuple[Path, int]:
    while True:
        path = Path(mkdtemp(prefix=f".{final.name}.", suffix=".partial", dir=final.parent))
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            # Between the making and the locking somebody may have taken it for a dead one.
            if lock(handle) and path.exists():
                return path, handle
            os.close(handle)


def clear_leftovers(final: Path) -> None:
    """Remove what processes that are no more have left of ``partial``."""
    if not final.parent.is_dir():
        return
    pattern = re.compile(rf"\.{re.escape(final.name)}\.\w{{8}}\.partial")
    for path in [path for path in final.parent.iterdir() if pattern.fullmatch(path.name)]:
        if path.is_symlink() or not path.is_dir():
            continue
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if lock(handle):
                shutil.rmtree(path)
        finally:
            os.close(handle)


def lock(handle: int) -> bool:
    """Take the lock until the handle is closed; a file system without locks gives it to all."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
