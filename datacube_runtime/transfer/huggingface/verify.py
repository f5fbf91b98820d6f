"""
Whether a file is what the hub says it is: its size, and its hash.

huggingface_hub compares sizes only: one flipped byte in a gigabyte passes. The hub names every file
by its content, large ones by SHA-256 and small ones by Git's SHA-1 of a blob, so both ends of a
transfer can be compared. The length of the name tells which it is.

Source: "Traps in huggingface_hub" of the engine measurements; "Git Objects" of the Git book.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK_BYTES = 1024 * 1024
_SHA256_DIGITS = 64


@dataclass(frozen=True)
class File:
    """A file of a repository: ``oid`` names its content, ``xet`` where xet storage has it."""

    path: str
    size: int
    oid: str
    xet: str = ""

    @property
    def is_large(self) -> bool:
        """Whether it is named by SHA-256: the hub keeps it beside the repository."""
        return len(self.oid) == _SHA256_DIGITS


def is_equal(path: Path, file: File) -> bool:
    """Tell whether there is a file of that content; a link to one is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # not there, a link, or not readable: it will be written anew
        return False
    with os.fdopen(handle, "rb", buffering=0) as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size:
            return False
        digest = new_digest(file)
        block = bytearray(_BLOCK_BYTES)
        view = memoryview(block)
        while count := stream.readinto(block):
            digest.update(view[:count])
    return digest.hexdigest() == file.oid


def new_digest(file: File) -> hashlib._Hash:
    """Return the hash that names the file, of nothing yet."""
    if file.is_large:
        return hashlib.sha256(usedforsecurity=False)
    return hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
