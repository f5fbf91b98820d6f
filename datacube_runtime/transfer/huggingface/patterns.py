"""
Which files are wanted: names and globs. Pure.

A name in ``files`` is a promise: one that is not there is an error, never a smaller success. A glob
is a question, and may have no answer; but a transfer of nothing at all is an error again. ``*``
matches ``/`` too, and ``dir/`` means all that is below, as the hub's own programs have it.

Source: ``filter_repo_objects`` and ``hf download`` of huggingface_hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError, invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from datacube_runtime.transfer.arguments import ExtraArgs

_GLOB = frozenset("*?[")
_SHOWN = 5


@dataclass(frozen=True)
class Wanted:
    """What to take and what to leave; without ``names`` and ``globs`` all is taken."""

    names: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: Mapping[str, Sequence[str]]) -> Self:
        """Read back what ``asdict`` made, and JSON of it."""
        return cls(**{name: tuple(globs) for name, globs in entry.items()})

    def takes(self, path: str) -> bool:
        """Tell whether a file is wanted."""
        if any(fnmatchcase(path, glob) for glob in self.excluded):
            return False
        if not self.names and not self.globs:
            return True
        return path in self.names or any(fnmatchcase(path, glob) for glob in self.globs)


def read_wanted(files: str, extra_args: ExtraArgs) -> Wanted:
    """
    Return what the option ``files`` and the arguments ask for.

    :raises TransferError: InvalidOption; two say it, or a name cannot be in a repository.
    """
    entries = [entry for part in files.split(",") if (entry := part.strip())]
    include = extra_args.values("--include")
    if files and not entries:
        raise invalid("files", "names nothing: leave it out to get all files")
    if entries and include:
        raise invalid("extraArgs", "--include is for transfers without the option files")
    for entry in entries:
        if entry.startswith("/") or ".." in entry.split("/"):
            raise invalid("files", f"{entry!r} is not a path in a repository")
    return Wanted(
        names=tuple(entry for entry in entries if not _is_glob(entry)),
        globs=tuple(map(_whole, filter(_is_glob, entries))) + tuple(map(_whole, include)),
        excluded=tuple(map(_whole, extra_args.values("--exclude"))),
    )


def choose(wanted: Wanted, paths: Collection[str], where: str) -> list[str]:
    """
    Return what is wanted of what is there.

    :raises TransferError: SourceNotFound, naming what is missing.
    """
    there = set(paths)
    if absent := [name for name in wanted.names if name not in there]:
        raise _missing(f"files: {where} has no {_listed(absent)}")
    chosen = [path for path in paths if wanted.takes(path)]
    if chosen:
        return chosen
    if not there:
        raise _missing(f"repo: {where} is empty")
    raise _missing(f"files: of the {len(there)} files of {where} none matches what is asked for")


def _missing(message: str) -> TransferError:
    return TransferError(Reason.SOURCE_NOT_FOUND, message)


def _is_glob(entry: str) -> bool:
    return entry.endswith("/") or not _GLOB.isdisjoint(entry)


def _whole(glob: str) -> str:
    return f"{glob}*" if glob.endswith("/") else glob


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(map(repr, names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
