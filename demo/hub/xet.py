"""
xet storage without a server: a directory, which the client's own library writes and reads.

The hub tells clients to store chunks at ``local://<directory>``. What it has to know is which hash
of xet a file's SHA-256 has; the library writes that into its shard files.

Source: the layout of ``*.mdb`` in "Real servers to test against" of the engine measurements.
"""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = _RECORD = 48
_HASH = 32
_LAST = b"\xff" * _HASH
_VERIFIED, _NAMED = 1 << 31, 1 << 30


def hashes(directory: Path) -> dict[str, str]:
    """Return the hash of xet by SHA-256, of all that is there."""
    shards = sorted(directory.rglob("*.mdb"))
    return {name: own for shard in shards for name, own in _files(shard.read_bytes())}


def restore(directory: Path, own: str, size: int, path: Path) -> None:
    """
    Put a file together again, for clients without xet.

    From a copy: the one who wrote it may still be there, and holds the lock of the directory.
    """
    # It has no types, and is needed only where xet is used.
    import hf_xet  # type: ignore[import-untyped]  # noqa: PLC0415 - as said

    with TemporaryDirectory(dir=path.parent.parent) as copy:
        shutil.copytree(directory, copy, dirs_exist_ok=True)
        session = hf_xet.XetSession()
        with session.new_file_download_group(endpoint=f"local://{copy}") as group:
            group.start_download_file(hf_xet.XetFileInfo(own, size), f"{path}.part")
    Path(f"{path}.part").rename(path)


def _files(shard: bytes) -> Iterator[tuple[str, str]]:
    at = _HEADER
    while at + _RECORD <= len(shard) and shard[at : at + _HASH] != _LAST:
        own = shard[at : at + _HASH]
        flags, entries = struct.unpack_from("<II", shard, at + _HASH)
        at += _RECORD * (1 + entries * (2 if flags & _VERIFIED else 1))
        if flags & _NAMED:
            yield _text(shard[at : at + _HASH]), _text(own)
            at += _RECORD


def _text(digest: bytes) -> str:
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", digest))
