"""
One large object, verified while it arrives.

rclone reads a large file again when it is written, to compare the MD5: 1.6 s a GiB, in which
nothing arrives. Here rclone only writes, under the name of an unfinished file, and the cheapest sum
that S3 has of the object follows it. The file gets its final name when the sum of all that was read
is the object's.

This is a short cut and knows no errors: where it does not fit or does not work, nothing has been
done, and the ordinary way, which follows, verifies for itself and says what is wrong. rclone must
write every byte once, therefore it has one try.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.s3 import leftovers, tuning
from datacube_runtime.transfer.s3.args import LIST
from datacube_runtime.transfer.s3.behind import SumBehind, sum_of

if TYPE_CHECKING:
    from pathlib import Path

    from datacube_runtime.transfer.s3.heads import Heads
    from datacube_runtime.transfer.s3.listing import Source
    from datacube_runtime.transfer.s3.progress import Stats
    from datacube_runtime.transfer.s3.rclone import Rclone
    from datacube_runtime.transfer.s3.sums import Sum
    from datacube_runtime.transfer.s3.uri import Uri

log = logging.getLogger(__name__)

_ONCE = ("--inplace", "--ignore-checksum", "--retries=1")
_UNFIT = frozenset({"--ignore-checksum", "--retries"})
"""What the author may say that means another way, or would have a byte written twice."""


def fetch(
    rclone: Rclone, heads: Heads, source: Source, directory: Path, suffix: str
) -> Stats | None:
    """
    Return what was moved; None where it has to be done the ordinary way.

    :raises TransferError: Cancelled, nothing else.
    """
    if not tuning.is_worth_following(source.load):
        return None
    (path,) = source.sizes
    if not _fits(rclone, directory, path):
        return None
    uri = source.uri_of(path, rclone.uri)
    head = source.head or heads.of(uri)
    expected = next(heads.sums(uri, head), None) if head else None
    if expected is None:
        return None
    file = directory / leftovers.unfinished(path, suffix)
    try:
        stats = _written(rclone, uri, file, expected, tuning.download(source.load))
        if stats:
            file.replace(directory / path)
    finally:
        file.unlink(missing_ok=True)
    return stats


def _fits(rclone: Rclone, directory: Path, path: str) -> bool:
    """Tell whether the name is free, so that nothing is to be compared, and right in there."""
    args = rclone.extra_args
    return not (
        "/" in path
        or os.path.lexists(directory / path)
        or args.of(LIST)
        or not _UNFIT.isdisjoint(args.names)
    )


def _written(
    rclone: Rclone, uri: Uri, file: Path, expected: Sum, options: tuple[str, ...]
) -> Stats | None:
    """Write the file; None if that failed or it is not what it should be."""
    check = rclone.workshop.engine.check
    try:
        with SumBehind(file, expected.hash) as reader:
            stats = rclone.fetch(uri, str(file), *options, *_ONCE)
            found = reader.finish(check)
    except TransferError as error:
        if error.reason is Reason.CANCELLED:
            raise
        log.info("not at the first try: %s", error)
        return None
    if found != expected.digest:  # read too early, where the file system has no holes; or spoiled
        found = sum_of(file, expected.hash, check)
    return stats if found == expected.digest else None
