"""
Which of the author's ``extraArgs`` Git gets: what only tunes a transfer.

An allow-list, because Git's arguments can run commands (``--upload-pack``), read other files
(``--reference``, ``--template``) and lead elsewhere (``-c``, ``--repo``). Names must be whole: Git
takes ``--upload`` for ``--upload-pack``. Values are glued to their names, so that no value can be
taken for an argument.

The same arguments extend ``git clone`` when the repository is not there yet and ``git fetch`` when
it is; what only one of the two knows is not given to the other.

Source: git-clone(1), git-fetch(1), git-push(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from datacube_api.direction import Direction
from datacube_runtime.transfer.exit import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Value(StrEnum):
    """Whether an argument takes a value; an optional one is always glued."""

    NONE = "none"
    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Known:
    """An argument that is passed on."""

    name: str
    commands: frozenset[str]
    value: Value = Value.NONE
    narrows: bool = False
    """Whether Git then transfers one branch only, and not all of its history perhaps."""


@dataclass(frozen=True)
class Given:
    """An argument as it was given: ready for Git."""

    known: Known
    text: str


class ExtraArgs(tuple[Given, ...]):
    """The accepted arguments of one request, in their order."""

    __slots__ = ()

    def of(self, command: str) -> tuple[str, ...]:
        """Return those that a command of Git knows."""
        return tuple(given.text for given in self if command in given.known.commands)

    @property
    def narrow(self) -> bool:
        """Whether only what was asked for is wanted, not all branches."""
        wide = any(given.known.name == "--no-single-branch" for given in self)
        return not wide and any(given.known.narrows for given in self)


def _known(names: str, *commands: str, value: Value = Value.NONE, narrows: bool = False) -> _Table:
    """Return the entries of one argument under all of its names, the canonical one first."""
    canonical, *_ = names.split()
    known = Known(canonical, frozenset(commands), value, narrows)
    return dict.fromkeys(names.split(), known)


_Table = dict[str, Known]
_ANYWHERE = ("clone", "fetch", "push")
_COMMON: _Table = {
    **_known("--quiet -q", *_ANYWHERE),
    **_known("--verbose -v", *_ANYWHERE),
    **_known("--ipv4 -4", *_ANYWHERE),
    **_known("--ipv6 -6", *_ANYWHERE),
}
_DOWNLOAD: _Table = {
    **_COMMON,
    **_known("--depth", "clone", "fetch", value=Value.REQUIRED, narrows=True),
    **_known("--shallow-since", "clone", "fetch", value=Value.REQUIRED, narrows=True),
    **_known("--shallow-exclude", "clone", "fetch", value=Value.REQUIRED, narrows=True),
    **_known("--filter", "clone", "fetch", value=Value.REQUIRED),
    **_known("--jobs -j", "clone", "fetch", value=Value.REQUIRED),
    **_known("--no-tags", "clone", "fetch"),
    **_known("--single-branch", "clone", narrows=True),
    **_known("--no-single-branch", "clone"),
    **_known("--deepen", "fetch", value=Value.REQUIRED, narrows=True),
    **_known("--prune -p", "fetch"),
    **_known("--tags -t", "fetch"),
}
_UPLOAD: _Table = {
    **_COMMON,
    **_known("--atomic", "push"),
    **_known("--follow-tags", "push"),
    **_known("--tags", "push"),
    **_known("--force -f", "push"),
    **_known("--force-with-lease", "push", value=Value.OPTIONAL),
    **_known("--no-verify", "push"),
    **_known("--push-option -o", "push", value=Value.REQUIRED),
    **_known("--thin", "push"),
    **_known("--no-thin", "push"),
}
_TABLES = {Direction.DOWNLOAD: _DOWNLOAD, Direction.UPLOAD: _UPLOAD}

_WHY_NOT = {
    "--upload-pack": "it runs a command",
    "-u": "it runs a command, or writes into the repository",
    "--receive-pack": "it runs a command",
    "--exec": "it runs a command",
    "-c": "it changes what Git runs and where it goes",
    "--config": "it changes what Git runs and where it goes",
    "--template": "it brings hooks along",
    "--reference": "it reads other directories",
    "--separate-git-dir": "it writes to other directories",
    "--branch": "use the option ref",
    "-b": "use the option ref",
    "--recurse-submodules": "submodules are other repositories; they are not transferred",
    "--mirror": "it deletes what is not in the source",
    "--delete": "it deletes",
    "--repo": "use the option url",
}


def read_extra_args(arguments: Sequence[str], direction: Direction) -> ExtraArgs:
    """
    Return what Git gets of them.

    :raises TransferError: InvalidOption, naming ``extraArgs`` and the argument, never its value.
    """
    return ExtraArgs(_given(arguments, _TABLES[direction]))


def _given(arguments: Sequence[str], table: _Table) -> Iterator[Given]:
    rest = enumerate(arguments)
    for index, argument in rest:
        name, glue, value = _taken_apart(argument)
        where = f"extraArgs[{index}]"
        known = table.get(name)
        if known is None:
            raise invalid(where, _refusal(name, table))
        if known.value is Value.NONE and glue:
            raise invalid(where, f"{name} takes no value")
        if known.value is Value.REQUIRED and not glue:
            _, value = next(rest, (index, ""))
        if known.value is Value.REQUIRED and not value:
            raise invalid(where, f"{name} needs a value")
        yield Given(known, f"{known.name}={value}" if value else known.name)


def _taken_apart(argument: str) -> tuple[str, str, str]:
    """Return name, glue and value: ``--depth=1``, but ``-j4``."""
    if argument.startswith("-") and not argument.startswith("--"):
        return argument[:2], argument[2:], argument[2:]
    return argument.partition("=")


def _refusal(name: str, table: _Table) -> str:
    if not name.startswith("-"):
        return "only arguments that start with '-' are passed on"
    if why := _WHY_NOT.get(name):
        return f"{name} is refused: {why}"
    allowed = ", ".join(sorted({known.name for known in table.values()}))
    return f"{name} is not passed on; these are: {allowed}"
