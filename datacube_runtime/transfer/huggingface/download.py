"""
Files of a repository into the volume, at one commit.

What is asked for is read here; the process that talks to the hub does the rest in one go (see
``fetch``), for starting it takes half a second. What has its final name is whole and right; a retry
finds those files and fetches the rest.

Source: "Options become environment variables" of the contract; "Traps in huggingface_hub" of the
engine measurements.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import invalid
from datacube_runtime.transfer.huggingface.args import workers
from datacube_runtime.transfer.huggingface.environment import may_use_xet, wants_xet
from datacube_runtime.transfer.huggingface.patterns import read_wanted

if TYPE_CHECKING:
    from datacube_runtime.transfer.arguments import ExtraArgs
    from datacube_runtime.transfer.huggingface.child import Child
    from datacube_runtime.transfer.request import Request

UNFINISHED = "huggingface"
"""The private directory is ``.huggingface.<random>.partial``; see ``paths.partial``."""


def download(request: Request, child: Child, extra_args: ExtraArgs) -> dict[str, Any]:
    """
    Transfer, and return what is there now.

    :raises TransferError: it did not work; nothing half-written has its final name.
    """
    wanted, at_once = read_wanted(request.option("files"), extra_args), workers(extra_args)
    xet = wants_xet(request.variables)
    directory = paths.target(request.volume, request.sub_path)
    if directory.exists() and not directory.is_dir():
        raise invalid("subPath", "is there already and is no directory")
    unfinished = directory / UNFINISHED
    try:
        return child.ask(
            "fetch",
            may_xet=may_use_xet(request.variables),
            xet=xet,
            wanted=asdict(wanted),
            directory=str(directory),
            unfinished=str(unfinished),
            workers=at_once,
            force="--force-download" in extra_args.names,
        )
    finally:
        paths.clear_leftovers(unfinished)  # of a process that was ended, or ran out of memory
