"""
Unfinished files, and who may remove them.

rclone writes an object beside its final name, ``NAME.<8 hex>.datacube-<id>``, and renames it when
it is whole and verified. While a transfer lives it holds a lock on ``.datacube-<id>`` in the target
directory. A marker that nobody has locked is of a transfer that was killed: then the files of that
very ``<id>``, and no others, are removed. So a live transfer into the same directory, above it or
below it, is never touched, nor are files that people call ``.partial``.

Source: ``--partial-suffix`` of https://rclone.org/docs/ (at most 16 characters).
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from datacube_runtime.transfer.paths import lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GLOB = "*.datacube-{{[0-9a-f]{6}}}"
"""What rclone leaves alone: markers and unfinished files of every transfer."""

_NAME_BYTES = 255  # NAME_MAX of Linux
_MARKER = re.compile(r"\.datacube-[0-9a-f]{6}")


@contextmanager
def claimed(directory: Path) -> Iterator[str]:
    """Clear what killed transfers left in a directory; yield the suffix of our own files."""
    _clear(directory)
    marker, handle = _mark(directory)
    is_done = False
    try:
        yield marker.name
        is_done = True
    finally:
        if not is_done:  # where all went well there is nothing to look for in a large tree
            _remove(directory, marker.name)
        marker.unlink(missing_ok=True)
        os.close(handle)


def unfinished(name: str, suffix: str) -> str:
    """Return what a file is called until it is whole, as rclone does; long names lose their end."""
    ending = f".{secrets.token_hex(4)}{suffix}"
    return os.fsencode(name)[: _NAME_BYTES - len(ending)].decode(errors="ignore") + ending


def folds_case(directory: Path, marker: str) -> bool:
    """Tell whether the file system takes upper and lower case for the same."""
    return os.path.lexists(directory / marker.upper())


def _mark(directory: Path) -> tuple[Path, int]:
    while True:
        marker = directory / f".datacube-{secrets.token_hex(3)}"
        with suppress(FileExistsError):
            handle = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            # Between the making and the locking somebody may have taken it for a dead one.
            if lock(handle) and os.fstat(handle).st_nlink:
                return marker, handle
            os.close(handle)


def _clear(directory: Path) -> None:
    for marker in [path for path in directory.iterdir() if _MARKER.fullmatch(path.name)]:
        if marker.is_symlink() or not marker.is_file():
            continue
        with suppress(FileNotFoundError):
            handle = os.open(marker, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if lock(handle):
                    _remove(directory, marker.name)
            finally:
                os.close(handle)


def _remove(directory: Path, suffix: str) -> None:
    """Remove the unfinished files of one transfer, its marker last."""
    unfinished = re.compile(rf".+\.[0-9a-f]{{8}}{re.escape(suffix)}")
    for parent, _, names in os.walk(directory):
        for name in filter(unfinished.fullmatch, names):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(parent, name))  # noqa: PTH108, PTH118 - many, as os.walk has them
    (directory / suffix).unlink(missing_ok=True)
