"""
Objects from S3 into the volume: ``rclone copy``, or ``rclone sync``.

An object lands in ``<subPath>`` under the last part of its key, what is below a prefix lands below
``<subPath>``. A file has its final name when it is whole and its checksum is right; ``sync``
deletes when all that is new is there, and never because a source is empty or missing.

Source: "Options become environment variables" of the contract.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import TransferError, invalid
from datacube_runtime.transfer.names import directories, shortened
from datacube_runtime.transfer.s3 import leftovers, names, single, tuning, verified
from datacube_runtime.transfer.s3.heads import Heads
from datacube_runtime.transfer.s3.listing import look, refuse_to_empty
from datacube_runtime.transfer.s3.rclone import remote

if TYPE_CHECKING:
    from pathlib import Path

    from datacube_runtime.transfer.request import Request
    from datacube_runtime.transfer.s3.listing import Source
    from datacube_runtime.transfer.s3.progress import Stats
    from datacube_runtime.transfer.s3.rclone import Rclone

log = logging.getLogger(__name__)

_REQUESTER_PAYS = "--s3-requester-pays"
# With --links rclone keeps to the directory (os.Root of Go): a link in it that leads out is not
# followed. Objects that it would make links of are refused by their names, and left out.
_CONTAINED = ("--links", f"--filter=- *{names.LINK_SUFFIX}")


def download(request: Request, rclone: Rclone) -> dict[str, Any]:
    """
    Transfer, and return what was moved.

    :raises TransferError: it did not work; nothing half-written has its final name.
    """
    directory = paths.target(request.volume, request.sub_path)
    if directory.exists() and not directory.is_dir():
        raise invalid("subPath", "is there already and is no directory")
    heads = Heads(rclone.service, requester_pays=_REQUESTER_PAYS in rclone.extra_args.names)
    source = look(rclone, heads)
    if request.sync:
        refuse_to_empty(rclone.uri, source)
    log.info("%s: %d files, %d bytes", rclone.uri, source.load.files, source.load.bytes)
    directory.mkdir(parents=True, exist_ok=True)
    with leftovers.claimed(directory) as suffix:
        _refuse_unfit(source, folds_case=leftovers.folds_case(directory, suffix))
        _refuse_links(directory, source)
        deletes = request.sync and not source.is_object
        stats = None if deletes else single.fetch(rclone, heads, source, directory, suffix)
        if stats is None:
            stats = _move(rclone, source, directory, suffix, deletes=deletes)
            verified.verify(rclone, heads, source, directory, suffix)
        links = _remove_links(directory) if deletes else 0
    return {
        "files": source.load.files,
        "bytes": source.load.bytes,
        "transferred_files": stats.files,
        "transferred_bytes": stats.done_bytes,
        "deleted_files": stats.deleted + links,
    }


def _move(rclone: Rclone, source: Source, directory: Path, suffix: str, *, deletes: bool) -> Stats:
    return rclone.move(
        "sync" if deletes else "copy",
        remote(rclone.uri),
        str(directory),
        *_CONTAINED,
        f"--partial-suffix={suffix}",
        *(("--delete-after",) if deletes else ()),
        *tuning.download(source.load),
    )


def _refuse_links(directory: Path, source: Source) -> None:
    """
    Check that no symbolic link is where the source has a directory: it may lead anywhere.

    :raises TransferError: InvalidOption, with the first such link.
    """
    for parent in sorted(directories(source.sizes)):
        if (directory / parent).is_symlink():
            problem = (
                f"{parent!r} in it is a symbolic link, and a directory of the source: remove it"
            )
            raise invalid("subPath", problem)


def _refuse_unfit(source: Source, *, folds_case: bool) -> None:
    if sentences := names.unfit(source.sizes, folds_case=folds_case):
        message = (
            f"s3-uri: the volume cannot hold {len(sentences)} of the objects: "
            f"{shortened(sentences)}. Rename them, or leave them out by extraArgs --exclude"
        )
        raise TransferError(Reason.UNSUPPORTED, message)


def _remove_links(directory: Path) -> int:
    """Remove the symbolic links of a tree, which rclone leaves; return how many were extra."""
    links = [path for path in directory.rglob("*") if path.is_symlink()]
    for link in links:
        link.unlink()
    return len(links)
