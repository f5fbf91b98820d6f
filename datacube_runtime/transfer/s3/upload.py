"""
A file or a directory of the volume to S3: ``rclone copy``.

The URI is the place *under* which data comes, with or without a ``/`` at its end: a file ``a.bin``
goes to ``<uri>/a.bin``, what is in a directory goes below the URI. Only files travel: S3 has no
links and no devices, and what a link leads to may be none of the volume's business.

Source: "Options become environment variables" of the contract; ``rclone copy`` of
https://rclone.org/commands/rclone_copy/.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.s3 import sums, tuning
from datacube_runtime.transfer.s3.args import LIST
from datacube_runtime.transfer.s3.behind import sum_of
from datacube_runtime.transfer.s3.failure import last_answer
from datacube_runtime.transfer.s3.listing import read_listing
from datacube_runtime.transfer.s3.rclone import remote
from datacube_runtime.transfer.s3.tuning import Load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_runtime.transfer.request import Request
    from datacube_runtime.transfer.s3.rclone import Rclone
    from datacube_runtime.transfer.s3.uri import Uri

log = logging.getLogger(__name__)

_KINDS = {stat.S_IFLNK: "symbolic link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}
_SHOWN = 10
_OWN_CHECKSUM = frozenset({"--checksum", "--ignore-checksum", "--s3-disable-checksum"})
"""What the author may say about it."""


@dataclass(frozen=True)
class Skipped:
    """What is in the source and is no file."""

    path: str
    kind: str


def upload(request: Request, rclone: Rclone) -> dict[str, Any]:
    """
    Transfer, and return what was moved.

    :raises TransferError: SourceNotFound, NothingToUpload, or what S3 said.
    """
    source = paths.target(request.volume, request.sub_path)
    shown = str(source.relative_to(request.volume.resolve()))
    if not source.exists():
        message = f"subPath: {shown} does not exist in the volume"
        raise TransferError(Reason.SOURCE_NOT_FOUND, message)
    skipped = list(_specials(source))
    for one in skipped[:_SHOWN]:
        log.warning("%s is not uploaded: it is a %s", one.path, one.kind)
    sizes = _sizes(rclone, source)
    load = Load.of(sizes.values())
    if not load.files:
        why = f"nothing but {len(skipped)} links or devices" if skipped else "no file"
        message = f"subPath: {shown} holds {why} to upload"
        raise TransferError(Reason.NOTHING_TO_UPLOAD, message)
    first = next(iter(sizes))
    there = _size_there(rclone, first)
    log.info("uploading %d files, %d bytes to %s", load.files, load.bytes, rclone.uri)
    options = tuning.upload(load)
    if tuning.is_worth_following(load) and there != load.bytes:
        options += _checksum(rclone, source if source.is_file() else source / first)
    stats = rclone.move("copy", str(source), _below(rclone.uri), *options)
    return {
        "files": load.files,
        "bytes": load.bytes,
        "transferred_files": stats.files,
        "transferred_bytes": stats.done_bytes,
        "skipped_files": len(skipped),
    }


def _sizes(rclone: Rclone, source: Path) -> dict[str, int]:
    """Return what the command will find; asked of rclone, which knows the author's filters."""
    if source.is_file():
        return {source.name: source.stat().st_size}
    if not source.is_dir():
        return {}
    finished = rclone.list(str(source), *rclone.extra_args.of(LIST))
    if not finished.ok:
        raise rclone.failure("lsjson", finished)
    return dict(read_listing(finished.output))


def _size_there(rclone: Rclone, path: str) -> int | None:
    """
    Return the size in bytes of what is in the place of a file, None if there is nothing.

    It asks in any case: where nobody answers, a transfer takes minutes to say so.

    :raises TransferError: NetworkError.
    """
    finished = rclone.stat(rclone.uri.below(path))
    answer = last_answer(finished.tail)
    if answer and answer.is_silence:
        raise rclone.failure("lsjson", finished)
    entry = json.loads(finished.output) if finished.ok else None
    return entry["Size"] if entry else None


def _checksum(rclone: Rclone, file: Path) -> tuple[str, ...]:
    """
    Return what leaves the checksum of one large file with its object.

    rclone would read the file to its end for an MD5 before it sends the first part. So does a
    CRC-64/NVME, since S3 takes no metadata afterwards, in a seventieth of the time.
    """
    if not _OWN_CHECKSUM.isdisjoint(rclone.extra_args.names):
        return ()
    digest = sum_of(file, sums.crc64nvme, rclone.workshop.engine.check)
    return ("--s3-disable-checksum", f"--header-upload={sums.as_header(digest)}")


def _below(uri: Uri) -> str:
    """Return the place with a ``/`` at its end: rclone does not look whether an object is there."""
    return remote(replace(uri, ends_in_slash=True))


def _specials(source: Path) -> Iterator[Skipped]:
    """Yield what is neither file nor directory, links first of all."""
    mode = source.lstat().st_mode
    if not stat.S_ISDIR(mode):
        if not stat.S_ISREG(mode):
            yield Skipped(source.name, _kind(mode))
        return
    for parent, directories, files in os.walk(source):
        for name in (*directories, *files):
            path = os.path.join(parent, name)  # noqa: PTH118 - many, as os.walk has them
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                yield Skipped(os.path.relpath(path, source), _kind(mode))


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "device")
