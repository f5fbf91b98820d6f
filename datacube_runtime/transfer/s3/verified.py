"""
What rclone cannot verify: objects that other tools sent in parts, and that have no MD5.

Of these it compares the size only. So those that have come are looked at once more, by whatever
checksum S3 has of them. A file that is not what its object is loses its name.

An ETag of parts is the MD5 of their MD5s at most services, and something else that looks like it at
some. So one that differs counts where that of another object has proved right.
"""

from __future__ import annotations

import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.names import shortened
from datacube_runtime.transfer.s3 import sums
from datacube_runtime.transfer.s3.behind import sum_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacube_runtime.transfer.s3.heads import Heads
    from datacube_runtime.transfer.s3.listing import Source
    from datacube_runtime.transfer.s3.rclone import Rclone
    from datacube_runtime.transfer.s3.uri import Uri

log = logging.getLogger(__name__)

_LEAST_BYTES = 5 * 1024**2
"""Of an object in several parts: what S3 demands of each but the last."""

_AT_ONCE = 4
_UNWANTED = "--ignore-checksum"


class Verdict(Enum):
    """What is known of one file."""

    RIGHT = auto()
    RIGHT_BY_ETAG = auto()
    WRONG = auto()
    WRONG_BY_ETAG = auto()
    NO_CHECKSUM = auto()
    LEFT_TO_RCLONE = auto()


def verify(rclone: Rclone, heads: Heads, source: Source, directory: Path, marker: str) -> None:
    """
    Compare the files that have come with their objects, where rclone could not.

    :param marker: name of a file that was made before they came, by the clock of the volume
    :raises TransferError: VerificationFailed, and the wrong files are gone; Cancelled.
    """
    if _UNWANTED in rclone.extra_args.names:
        return
    since_ns = (directory / marker).stat().st_ctime_ns
    files = {
        directory / path: source.uri_of(path, rclone.uri)
        for path, size in source.sizes.items()
        if size > _LEAST_BYTES and _has_come(directory / path, since_ns)
    }
    check = rclone.workshop.engine.check
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        verdicts = list(pool.map(lambda file: _judge(heads, files[file], file, check), files))
    finally:
        pool.shutdown(cancel_futures=True)
    _conclude(files, verdicts)


def _has_come(file: Path, since_ns: int) -> bool:
    """Tell whether a file was written since; no link is followed, and what is not there is not."""
    try:
        status = file.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_ctime_ns >= since_ns


def _judge(heads: Heads, uri: Uri, file: Path, check: Callable[[], None]) -> Verdict:
    """Compare by one sum after another until one is right."""
    check()
    head = heads.of(uri)
    if head is None or sums.has_md5(head.headers):
        return Verdict.LEFT_TO_RCLONE
    verdict = Verdict.NO_CHECKSUM
    for expected in heads.sums(uri, head):
        if sum_of(file, expected.hash, check) == expected.digest:
            return Verdict.RIGHT if expected.is_declared else Verdict.RIGHT_BY_ETAG
        if verdict is not Verdict.WRONG:
            verdict = Verdict.WRONG if expected.is_declared else Verdict.WRONG_BY_ETAG
    return verdict


def _conclude(files: dict[Path, Uri], verdicts: list[Verdict]) -> None:
    def named(*wanted: Verdict) -> list[Path]:
        return [file for file, verdict in zip(files, verdicts, strict=True) if verdict in wanted]

    wrong, unsure = named(Verdict.WRONG), named(Verdict.WRONG_BY_ETAG)
    if Verdict.RIGHT_BY_ETAG in verdicts:
        wrong, unsure = wrong + unsure, []
    for file in wrong:
        file.unlink(missing_ok=True)
    if wrong:
        names = shortened([str(files[file]) for file in wrong])
        message = f"what arrived is not what was sent, by the checksums that S3 has of {names}"
        raise TransferError(Reason.VERIFICATION_FAILED, f"{message}; try again")
    if unsure := unsure + named(Verdict.NO_CHECKSUM):
        names = shortened([str(files[file]) for file in unsure])
        log.warning("no checksum that can be computed, so only the size was compared: %s", names)
