"""
The seam between deciding and doing: a backend asks for steps, an engine takes them.

A backend (``git``, ``huggingface``, ``s3``) knows what to ask and what an answer means; it starts
nothing. ``run.py`` is the engine that starts processes. Tests of a backend's decisions answer for
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from datacube_api.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacube_api.termination import Termination
    from datacube_runtime.transfer.request import Request


Reader = Callable[[str], Progress | str | None]
"""
What a line of a process's standard error is: progress, words for people, or nothing to show.

Words are redacted before anybody sees them.
"""


def as_it_is(line: str) -> str:
    """Show a line to people."""
    return line


@dataclass(frozen=True)
class Step:
    """One process: its arguments, which hold no credential, and its whole environment."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    read: Reader = as_it_is
    talks: bool = False
    """Whether standard output is talk as well, and not an answer."""


@dataclass(frozen=True)
class Finished:
    """What a process left behind: exit code, standard output, last lines of its errors."""

    code: int
    output: str = field(default="", repr=False)
    tail: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the process says so."""
        return self.code == 0


class Engine(Protocol):
    """Who takes a step."""

    def run(self, step: Step) -> Finished:
        """
        Run a process to its end.

        :raises TransferError: Cancelled, or the program is not there.
        """

    def check(self) -> None:
        """
        Go on, or not; for what takes long and is no process.

        :raises TransferError: Cancelled.
        """


@dataclass(frozen=True)
class Workshop:
    """What a backend works with: an engine, and a directory that is gone afterwards."""

    engine: Engine
    private: Path


class Backend(Protocol):
    """One storage service: it carries out a request."""

    def __call__(self, request: Request, workshop: Workshop) -> Termination:
        """
        Transfer, and return the last words of a success.

        :raises TransferError: it did not work, and why.
        """
