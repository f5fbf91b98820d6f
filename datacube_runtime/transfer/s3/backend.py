"""
S3: from a request to the last words of a success, in either direction.

The engine is rclone: the only one that verifies what arrives, keeps to its directory, and deletes
after it has copied. What it lacks is done here: a source that is missing is an error, names that no
file can have are said, and what a killed attempt left is cleared.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from datacube_api.direction import Direction
from datacube_api.progress import readable_bytes
from datacube_api.reasons import Reason
from datacube_api.termination import Termination
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.s3.args import ALLOWED
from datacube_runtime.transfer.s3.download import download
from datacube_runtime.transfer.s3.environment import read_service
from datacube_runtime.transfer.s3.rclone import Rclone
from datacube_runtime.transfer.s3.upload import upload
from datacube_runtime.transfer.s3.uri import read_uri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.request import Request
    from datacube_runtime.transfer.steps import Workshop

_DIRECTIONS = {Direction.DOWNLOAD: download, Direction.UPLOAD: upload}


def transfer(request: Request, workshop: Workshop) -> Termination:
    """
    Carry out a request; see ``Backend``.

    What is wrong with the options is said before anything is done.
    """
    uri, service = read_uri(request.option("s3-uri")), read_service(request)
    extra_args = ALLOWED[request.direction].read(request.extra_args)
    directory = paths.target(request.volume, request.sub_path)
    rclone = Rclone(workshop, service, uri, extra_args, request.variables)
    started = time.monotonic()
    result = {
        **_DIRECTIONS[request.direction](request, rclone),
        "uri": str(uri),
        "directory": str(directory.relative_to(request.volume.resolve())),
        "seconds": round(time.monotonic() - started, 3),
    }
    return Termination(Reason.TRANSFER_SUCCEEDED, _told(request.direction, result), result)


def _told(direction: Direction, result: Mapping[str, Any]) -> str:
    """Say what was achieved, for the people who look at the DataCube."""
    size = f"{result['files']} files, {readable_bytes(result['bytes'])}"
    moved = f"{result['transferred_files']} of them transferred now"
    if direction is Direction.DOWNLOAD:
        if not result["files"]:
            return f"{result['uri']} is there and is empty"
        deleted = f", {result['deleted_files']} deleted" if result["deleted_files"] else ""
        return f"{result['directory']} has {result['uri']}: {size}; {moved}{deleted}"
    skipped = f", {result['skipped_files']} links or devices skipped"
    return f"{result['uri']} has {result['directory']}: {size}; {moved}" + (
        skipped if result["skipped_files"] else ""
    )
