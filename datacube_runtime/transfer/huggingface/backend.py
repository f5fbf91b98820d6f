"""
Hugging Face: from a request to the last words of a success, in either direction.

The engine is huggingface_hub, in a process of its own. What it lacks is done here: every file is
verified, an upload is one commit, a link is not followed, and a wrong token is never a success.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from datacube_api.direction import Direction
from datacube_api.progress import readable_bytes
from datacube_api.reasons import Reason
from datacube_api.termination import Termination
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import invalid
from datacube_runtime.transfer.huggingface.args import ALLOWED
from datacube_runtime.transfer.huggingface.child import Child
from datacube_runtime.transfer.huggingface.download import download
from datacube_runtime.transfer.huggingface.repo import read_repo
from datacube_runtime.transfer.huggingface.upload import upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.request import Request
    from datacube_runtime.transfer.steps import Workshop

_DIRECTIONS = {Direction.DOWNLOAD: download, Direction.UPLOAD: upload}
_NO_TOKEN = re.compile(r"[^\x21-\x7e]")


def transfer(request: Request, workshop: Workshop) -> Termination:
    """
    Carry out a request; see ``Backend``.

    What is wrong with the options is said before anything is done.
    """
    extra_args = ALLOWED[request.direction].read(request.extra_args)
    repo = read_repo(request.option("repo"), extra_args, request.variables)
    directory = paths.target(request.volume, request.sub_path)
    child = Child(workshop, repo, request.direction, _token(request), request.variables)
    started = time.monotonic()
    result = {
        **_DIRECTIONS[request.direction](request, child, extra_args),
        "repo_type": str(repo.type),
        "directory": str(directory.relative_to(request.volume.resolve())),
        "seconds": round(time.monotonic() - started, 3),
    }
    return Termination(Reason.TRANSFER_SUCCEEDED, _told(request.direction, result), result)


def _token(request: Request) -> str:
    token = request.option("token")
    if _NO_TOKEN.search(token):
        raise invalid("token", "holds white space or a character that no token has")
    return token


def _told(direction: Direction, result: Mapping[str, Any]) -> str:
    """Say what was achieved, for the people who look at the DataCube."""
    where = f"{result['repo_type']} {result['repo']} ({result['revision'][:10]})"
    size = f"{result['files']} files, {readable_bytes(result['bytes'])}"
    if direction is Direction.DOWNLOAD:
        now = f"{result['transferred_files']} of them transferred now"
        return f"{result['directory']} has {where}: {size}; {now}"
    skipped = result["skipped_files"] + result["ignored_files"]
    rest = f"; {skipped} links, devices or ignored files skipped" if skipped else ""
    if not result["committed"]:
        return f"{where} has {result['directory']} already: {size}{rest}"
    return f"committed {result['directory']} to {where}: {size}{rest}"
