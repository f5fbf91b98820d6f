"""
How much is done at once, chosen by what there is to move. Pure.

Many small files wait for answers, so many of them are under way at once; a large one fills the
line, in several streams. Memory stays below 256 MiB however large the files are. What the author
says by ``extraArgs`` comes later in argv and wins.

Source: docs/s3.md, the measurements; https://rclone.org/s3/#multipart-uploads (10,000 parts at
most); ``--multi-thread-streams`` of https://rclone.org/docs/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MIB = 1024**2
_SMALL, _LARGE = _MIB, 64 * _MIB
_CHUNK, _PARTS = 16 * _MIB, 9_000
_LISTED_AT_ONCE = 100_000  # a listing in one go costs about 1 KB of memory an object


@dataclass(frozen=True)
class Load:
    """What there is to move."""

    files: int = 0
    bytes: int = 0
    largest: int = 0

    @classmethod
    def of(cls, sizes: Iterable[int]) -> Load:
        """Add up sizes in bytes."""
        files = total = largest = 0
        for size in sizes:
            files, total, largest = files + 1, total + size, max(largest, size)
        return cls(files, total, largest)

    @property
    def mean(self) -> int:
        """Bytes of a file of ordinary size."""
        return self.bytes // self.files if self.files else 0


def common(load: Load) -> tuple[str, ...]:
    """Return what suits both directions."""
    transfers = 64 if load.mean < _SMALL else 16 if load.mean < _LARGE else 4
    listing = ("--fast-list",) if load.files <= _LISTED_AT_ONCE else ()
    return (f"--transfers={transfers}", "--checkers=32", "--buffer-size=0", *listing)


def download(load: Load) -> tuple[str, ...]:
    """Return what suits a download: large objects come in streams, written where they belong."""
    return (*common(load), "--multi-thread-streams=4", f"--multi-thread-cutoff={_LARGE}B")


def is_worth_following(load: Load) -> bool:
    """Tell whether it is one large object: of several, one is verified while the next arrives."""
    return load.files == 1 and load.largest >= _LARGE


def upload(load: Load) -> tuple[str, ...]:
    """
    Return what suits an upload: large files go in parts, each read where it lies.

    That costs a processor less than rclone's other way to send parts, and half the memory. S3
    takes at most 10,000 parts of an object, so those of a huge one are large.
    """
    chunk = max(_CHUNK, -(-load.largest // _PARTS // _MIB) * _MIB)
    return (
        *common(load),
        "--multi-thread-streams=8",
        f"--multi-thread-cutoff={_LARGE}B",
        "--s3-no-head",
        f"--s3-upload-cutoff={_LARGE}B",
        f"--s3-chunk-size={chunk}B",
    )
