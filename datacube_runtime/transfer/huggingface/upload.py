"""
A file or a directory of the volume into a repository, as one commit.

``hf upload`` makes a commit for every 250 files where xet is on; people ask for one, with their
message. Afterwards the hub is asked what it has now, and each file is compared. What was there
already is no reason for a commit.

Source: "Options become environment variables" of the contract; ``hf upload`` of huggingface_hub for
what a missing repository or branch means and for the message that is taken where none is given.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import TransferError, invalid
from datacube_runtime.transfer.huggingface.environment import wants_xet
from datacube_runtime.transfer.huggingface.patterns import read_wanted
from datacube_runtime.transfer.huggingface.walk import Found, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.arguments import ExtraArgs
    from datacube_runtime.transfer.huggingface.child import Child
    from datacube_runtime.transfer.request import Request

log = logging.getLogger(__name__)

_OPTION = "path-in-repo"
_REFUSED = frozenset({"..", ".git", ".cache"})
_SHOWN = 5


def upload(request: Request, child: Child, extra_args: ExtraArgs) -> dict[str, Any]:
    """
    Transfer, and return what the hub has now.

    :raises TransferError: NothingToUpload, SourceNotFound, PushRejected, or what the hub said.
    """
    message = _message(request, extra_args)
    base = read_path(request.option(_OPTION))
    takes = read_wanted("", extra_args).takes
    wants_xet(request.variables)  # what is wrong with the variables is said before anything is done
    source = paths.target(request.volume, request.sub_path)
    if not source.exists():
        shown = source.relative_to(request.volume.resolve())
        raise TransferError(Reason.SOURCE_NOT_FOUND, f"subPath: {shown} is not in the volume")
    is_directory = source.is_dir()
    if is_directory:
        found = walk(source, takes)
        names = {path: f"{base}/{path}" if base else path for path in found.sizes}
    else:
        found = walk(source.parent, source.name.__eq__)
        names = {source.name: _name_of_file(request.option(_OPTION), base, source.name)}
        source = source.parent
    _report(found)
    sent = child.ask(
        "send",
        xet=wants_xet(request.variables, max(found.sizes.values())),
        files=[
            {"local": str(source / path), "path": names[path], "size": size}
            for path, size in found.sizes.items()
        ],
        message=message or _default_message(names, is_directory=is_directory),
        description=_last(extra_args, "--commit-description"),
        private="--private" in extra_args.names,
        create_pr="--create-pr" in extra_args.names,
    )
    ignored = {path for path, name in names.items() if name in set(sent["ignored"])}
    return {
        "repo": sent["repo"],
        "revision": sent["revision"],
        "committed": sent["committed"],
        "commit_url": sent["commit_url"],
        "pull_request": sent["pull_request"],
        "files": len(found.sizes) - len(ignored),
        "bytes": sum(size for path, size in found.sizes.items() if path not in ignored),
        "skipped_files": len(found.skipped),
        "ignored_files": len(ignored),
    }


def read_path(text: str) -> str:
    """
    Return the directory in the repository, or the name of the file; empty is the root.

    :raises TransferError: InvalidOption; it is not below the root, or belongs to Git.
    """
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if not _REFUSED.isdisjoint(parts):
        raise invalid(_OPTION, f"must not have a part {', '.join(sorted(_REFUSED))}")
    if not text.isprintable():
        raise invalid(_OPTION, "holds a control character")
    return "/".join(parts)


def _name_of_file(text: str, base: str, name: str) -> str:
    """Return what a single file is called: the path itself, or its own name in a directory."""
    is_directory = not base or text.endswith(("/", "/."))
    return f"{base}/{name}".lstrip("/") if is_directory else base


def _message(request: Request, extra_args: ExtraArgs) -> str:
    option, argument = request.option("commit-message"), _last(extra_args, "--commit-message")
    if option and argument:
        raise invalid("extraArgs", "--commit-message is given by the option commit-message already")
    return option or argument


def _default_message(names: Mapping[str, str], *, is_directory: bool) -> str:
    """Return the message that ``hf upload`` makes up."""
    if is_directory:
        return "Upload folder using huggingface_hub"
    return f"Upload {next(iter(names.values()))} with huggingface_hub"


def _last(extra_args: ExtraArgs, name: str) -> str:
    *_, value = ("", *extra_args.values(name))
    return value


def _report(found: Found) -> None:
    if found.skipped:
        shown = ", ".join(map(repr, found.skipped[:_SHOWN]))
        log.info("%d links or devices are skipped: %s", len(found.skipped), shown)
    if not found.sizes:
        message = "there is no file to upload: empty directories and links are not taken by the hub"
        raise TransferError(Reason.NOTHING_TO_UPLOAD, f"subPath: {message}")
