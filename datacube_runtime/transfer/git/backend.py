"""
Git: from a request to the last words of a success, in either direction.

The user's Git is left out on purpose: no configuration but ours is read, so that what runs is what
the DataCube says.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from datacube_api.direction import Direction
from datacube_api.reasons import Reason
from datacube_api.termination import Termination
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.git.args import ALLOWED
from datacube_runtime.transfer.git.download import download
from datacube_runtime.transfer.git.lfs import is_installed
from datacube_runtime.transfer.git.session import Git
from datacube_runtime.transfer.git.upload import upload
from datacube_runtime.transfer.git.url import read_remote

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
    remote = read_remote(request.option("url"), request.option("token"))
    extra_args = ALLOWED[request.direction].read(request.extra_args)
    directory = paths.target(request.volume, request.sub_path, remote.name)
    git = Git(workshop, remote, request.variables, is_installed(request.variables))
    started = time.monotonic()
    result = {
        **_DIRECTIONS[request.direction](request, git, extra_args),
        "directory": str(directory.relative_to(request.volume.resolve())),
        "seconds": round(time.monotonic() - started, 3),
    }
    return Termination(Reason.TRANSFER_SUCCEEDED, _told(request.direction, result), result)


def _told(direction: Direction, result: Mapping[str, Any]) -> str:
    """Say what was achieved, for the people who look at the DataCube."""
    if not result["commit"]:
        return f"{result['directory']} is a clone of an empty repository"
    revision = f"{result['ref']} ({result['commit'][:10]})"
    if direction is Direction.DOWNLOAD:
        size = f"{result['files']} files, {result['bytes']} bytes"
        return f"{result['directory']} is at {revision}: {size}"
    return f"pushed {revision}" if result["pushed"] else f"{revision} was there already"
