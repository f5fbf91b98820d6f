"""What of a repository the volume cannot hold, and what of the volume is in its way."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError, invalid
from datacube_runtime.transfer.names import directories, shortened, unfit

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def refuse_unfit(paths: Collection[str], *, folds_case: bool) -> None:
    """
    Make sure that every path can be a file of its own.

    :raises TransferError: Unsupported, naming the first few that cannot.
    """
    if sentences := unfit(paths, folds_case=folds_case):
        message = (
            f"files: the volume cannot hold {len(sentences)} of the repository's files: "
            f"{shortened(sentences)}. Leave them out by the option files, or --exclude"
        )
        raise TransferError(Reason.UNSUPPORTED, message)


def refuse_obstacles(directory: Path, paths: Collection[str]) -> None:
    """
    Make sure that nothing in the directory is in the way, and that no link is followed.

    :raises TransferError: InvalidOption, naming the first few that are.
    """
    parents = sorted(directories(paths))
    sentences = [
        *(sentence for parent in parents if (sentence := _no_parent(directory / parent, parent))),
        *(f"{path!r} is a directory" for path in paths if _is_directory(directory / path)),
    ]
    if sentences:
        raise invalid(
            "subPath", f"{shortened(sentences)} in the volume: remove it, or go elsewhere"
        )


def _no_parent(path: Path, shown: str) -> str:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISLNK(mode):
        return f"{shown!r} is a symbolic link"
    return "" if stat.S_ISDIR(mode) else f"{shown!r} is no directory"


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
