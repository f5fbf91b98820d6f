"""
The author's ``extraArgs``, by allow-list: what only tunes a transfer is passed on. Pure.

Programs' own arguments can run commands, read other files and lead elsewhere; so what is not known
to be harmless is refused, with the reason where one is known. Names must be whole: programs take
``--upload`` for ``--upload-pack``. Values are glued to their names, so that no value can be taken
for an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from datacube_runtime.transfer.exit import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Value(StrEnum):
    """Whether an argument takes a value; an optional one is always glued."""

    NONE = "none"
    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Known:
    """An argument that is passed on, by its canonical name, to some commands of a program."""

    name: str
    commands: frozenset[str]
    value: Value = Value.NONE


Table = dict[str, Known]
"""Arguments by every name that they have."""


@dataclass(frozen=True)
class Given:
    """An argument as it was given; ``value`` is empty where there is none."""

    known: Known
    value: str

    @property
    def text(self) -> str:
        """Return it ready for the program."""
        return f"{self.known.name}={self.value}" if self.value else self.known.name


class ExtraArgs(tuple[Given, ...]):
    """The accepted arguments of one request, in their order."""

    __slots__ = ()

    def of(self, command: str) -> tuple[str, ...]:
        """Return those that a command knows, ready for it."""
        return tuple(given.text for given in self if command in given.known.commands)

    @property
    def names(self) -> frozenset[str]:
        """Return the canonical names."""
        return frozenset(given.known.name for given in self)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values that were given to one argument, by its canonical name."""
        return tuple(given.value for given in self if given.known.name == name)


@dataclass(frozen=True)
class Allowed:
    """What one command line may be extended by, and why not by what people would try."""

    table: Table
    why_not: Mapping[str, str]

    def read(self, arguments: Sequence[str]) -> ExtraArgs:
        """
        Return what the program gets.

        :raises TransferError: InvalidOption, naming ``extraArgs`` and the argument, never its
            value.
        """
        return ExtraArgs(self._given(arguments))

    def _given(self, arguments: Sequence[str]) -> Iterator[Given]:
        rest = enumerate(arguments)
        for index, argument in rest:
            name, glue, value = _taken_apart(argument)
            where = f"extraArgs[{index}]"
            known = self.table.get(name)
            if known is None:
                raise invalid(where, self._refusal(name))
            if known.value is Value.NONE and glue:
                raise invalid(where, f"{name} takes no value")
            if known.value is Value.REQUIRED and not glue:
                _, value = next(rest, (index, ""))
            if known.value is Value.REQUIRED and not value:
                raise invalid(where, f"{name} needs a value")
            yield Given(known, value)

    def _refusal(self, name: str) -> str:
        if not name.startswith("-"):
            return "only arguments that start with '-' are passed on"
        if why := self.why_not.get(name):
            return f"{name} is refused: {why}"
        allowed = ", ".join(sorted({known.name for known in self.table.values()}))
        return f"{name} is not passed on; these are: {allowed}"


def known(names: str, *commands: str, value: Value = Value.NONE) -> Table:
    """Return the entries of one argument under all of its names, the canonical one first."""
    canonical, *_ = names.split()
    return dict.fromkeys(names.split(), Known(canonical, frozenset(commands), value))


def _taken_apart(argument: str) -> tuple[str, str, str]:
    """Return name, glue and value: ``--depth=1``, but ``-j4``."""
    if argument.startswith("-") and not argument.startswith("--"):
        return argument[:2], argument[2:], argument[2:]
    return argument.partition("=")
