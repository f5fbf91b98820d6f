"""
A file or a directory of the volume to S3: ``rclone copy``.

The URI is the place *under* which data comes, with or without a ``/`` at its end: a file ``a.bin``
goes to ``<uri>/a.bin``, what is in a directory goes below the URI. Only files travel: S3 has no
links and no devices, and what a link leads to may be none of the volume's business.

Source: "Options become environment variables" of the contract; ``rclone copy`` of
https://rclone.org/commands/rclone_copy/.
"""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.s3 import tuning
from datacube_runtime.transfer.s3.args import LIST
from datacube_runtime.transfer.s3.failure import last_answer
from datacube_runtime.transfer.s3.listing import read_listing
from datacube_runtime.transfer.s3.rclone import remote
from datacube_runtime.transfer.s3.tuning import Load
from datacube_runtime.transfer.s3.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_runtime.transfer.request import Request
    from datacube_runtime.transfer.s3.rclone import Rclone

log = logging.getLogger(__name__)

_KINDS = {stat.S_IFLNK: "symbolic link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}
_SHOWN = 10


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
    load = _load(rclone, source)
    if not load.files:
        why = f"nothing but {len(skipped)} links or devices" if skipped else "no file"
        message = f"subPath: {shown} holds {why} to upload"
        raise TransferError(Reason.NOTHING_TO_UPLOAD, message)
    _refuse_silence(rclone, source.name)
    log.info("uploading %d files, %d bytes to %s", load.files, load.bytes, rclone.uri)
    stats = rclone.move("copy", str(source), _below(rclone.uri), *tuning.upload(load))
    return {
        "files": load.files,
        "bytes": load.bytes,
        "transferred_files": stats.files,
        "transferred_bytes": stats.done_bytes,
        "skipped_files": len(skipped),
    }


def _load(rclone: Rclone, source: Path) -> Load:
    """Return what the command will find; asked of rclone, which knows the author's filters."""
    if source.is_file():
        return Load.of([source.stat().st_size])
    if not source.is_dir():
        return Load()
    finished = rclone.list(str(source), *rclone.extra_args.of(LIST))
    if not finished.ok:
        raise rclone.failure("lsjson", finished)
    return Load.of(size for _, size in read_listing(finished.output))


def _refuse_silence(rclone: Rclone, name: str) -> None:
    """
    Ask the service anything: where nobody answers, a transfer takes minutes to say so.

    :raises TransferError: NetworkError.
    """
    finished = rclone.stat(Uri(rclone.uri.bucket, f"{rclone.uri.key}/{name}".lstrip("/")))
    answer = last_answer(finished.tail)
    if answer and answer.is_silence:
        raise rclone.failure("lsjson", finished)


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
