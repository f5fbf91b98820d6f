"""
A push of the current branch, from the volume to a server.

The commits are there already; nothing is committed for the user. The volume may be mounted
read-only, and nothing is written into the repository.

Source: "Options become environment variables" of the contract; git-push(1), "OUTPUT".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.lfs import LargeFiles
from datacube_runtime.transfer.git.view import is_repository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacube_runtime.transfer.arguments import ExtraArgs
    from datacube_runtime.transfer.git.session import Git
    from datacube_runtime.transfer.git.view import View
    from datacube_runtime.transfer.request import Request

log = logging.getLogger(__name__)

_HEADS = "refs/heads/"
_REJECTED, _UP_TO_DATE = "!", "="


@dataclass(frozen=True)
class Pushed:
    """What the server did with one ref, as ``git push --porcelain`` says it."""

    flag: str
    ref: str
    summary: str


def upload(request: Request, git: Git, extra_args: ExtraArgs) -> dict[str, Any]:
    """
    Push, and return what the server has now.

    :raises TransferError: NothingToUpload, SourceNotFound, PushRejected, or what the server said.
    """
    directory = paths.target(request.volume, request.sub_path, git.remote.name)
    shown = str(directory.relative_to(request.volume.resolve()))
    if not is_repository(directory):
        problem = "is no Git repository" if directory.exists() else "does not exist"
        raise TransferError(Reason.SOURCE_NOT_FOUND, f"{shown} {problem} in the volume")
    view = git.view(directory, request.volume.resolve())
    branch, commit = _branch(git, view, shown), _commit(git, view, shown)
    log.info("pushing %s to %s", branch.removeprefix(_HEADS), git.remote.url)
    LargeFiles(git, view).send(branch.removeprefix(_HEADS))
    pushed = _push(git, view, branch, extra_args)
    return {
        "ref": branch.removeprefix(_HEADS),
        "commit": commit,
        "pushed": any(ref.flag != _UP_TO_DATE for ref in pushed),
    }


def read_push(output: str) -> list[Pushed]:
    """Read ``git push --porcelain``: ``<flag> TAB <from>:<to> TAB <summary>``, skip others."""
    lines = (line.split("\t") for line in output.splitlines())
    return [
        Pushed(fields[0], fields[1].partition(":")[2], fields[2])
        for fields in lines
        if len(fields) == 3  # noqa: PLR2004 - the three of the docstring
    ]


def rejection(pushed: Iterable[Pushed]) -> TransferError | None:
    """Return the error of what the server did not take, in Git's own words."""
    refused = [ref for ref in pushed if ref.flag == _REJECTED]
    if not refused:
        return None
    words = ", ".join(f"{ref.ref.removeprefix(_HEADS)} {ref.summary}" for ref in refused)
    return TransferError(Reason.PUSH_REJECTED, f"the server did not take the push: {words}")


def _branch(git: Git, view: View, shown: str) -> str:
    name = git.says("symbolic-ref", "--quiet", "HEAD", view=view)
    if name.startswith(_HEADS):
        return name
    message = f"HEAD of {shown} is on no branch (detached), so there is none to push"
    raise TransferError(Reason.NOTHING_TO_UPLOAD, f"{message}: 'git switch -c <name>' makes one")


def _commit(git: Git, view: View, shown: str) -> str:
    commit = git.says("rev-parse", "--verify", "--quiet", "HEAD^{commit}", view=view)
    if not commit:
        message = f"{shown} has no commit on its current branch: commit something before the upload"
        raise TransferError(Reason.NOTHING_TO_UPLOAD, message)
    return commit


def _push(git: Git, view: View, branch: str, extra_args: ExtraArgs) -> list[Pushed]:
    args = ("push", "--porcelain", "--progress", *extra_args.of("push"), "--")
    finished, error = git.talk(*args, git.remote.url, f"{branch}:{branch}", view=view)
    pushed = read_push(finished.output)
    if refused := rejection(pushed):
        raise refused
    if error:
        raise error
    return pushed
