"""
What is asked of one run of the program: arguments and variables, read once, never read again.

Pure. What is wrong is said with the field's name as the DataCube has it, because that is what its
author can change.
"""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from datacube_api.direction import Direction, ServiceType
from datacube_api.environment import to_variable
from datacube_runtime.transfer.exit import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TERMINATION_LOG = "--termination-log"
_DEFAULT_TERMINATION_LOG = "/dev/termination-log"
_VALUED = frozenset({"--volume", "--sub-path", _TERMINATION_LOG})

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Request:
    """One transfer. ``variables`` hold credentials and therefore never show."""

    type: ServiceType
    direction: Direction
    volume: Path
    sub_path: str
    sync: bool
    extra_args: tuple[str, ...] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)

    def option(self, name: str) -> str:
        """
        Return the value of an option, empty where it is not given.

        An option ``path-in-repo`` is the variable ``PATH_IN_REPO``. White space round a value is
        no part of it: Secrets made from files end in a newline.
        """
        return self.variables.get(to_variable(name), "").strip()


def read_request(argv: Sequence[str], variables: Mapping[str, str]) -> Request:
    """
    Return what the arguments and the variables ask for.

    :raises TransferError: InvalidOption; an argument is unknown, missing, or does not fit.
    """
    own, extra = _split(argv)
    args = _parser().parse_args(list(_glued(own)))
    request = Request(
        type=_one_of(ServiceType, "type", args.type),
        direction=_one_of(Direction, "direction", args.direction),
        volume=Path(args.volume),
        sub_path=args.sub_path,
        sync=args.sync,
        extra_args=tuple(extra),
        variables=variables,
    )
    if request.sync and (request.type, request.direction) != (ServiceType.S3, Direction.DOWNLOAD):
        raise invalid("sync", "only a download from s3 can make a directory equal to its source")
    return request


def termination_log(argv: Sequence[str]) -> Path:
    """Return where the last words go; known even where the other arguments are wrong."""
    own, _ = _split(argv)
    for argument, value in pairwise(own):
        if argument == _TERMINATION_LOG:
            return Path(value)
    return Path(_DEFAULT_TERMINATION_LOG)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is ours and, after the first ``--``, what the author appended."""
    own = list(argv)
    if "--" not in own:
        return own, []
    at = own.index("--")
    return own[:at], own[at + 1 :]


def _glued(own: Sequence[str]) -> Iterator[str]:
    """Yield ``--sub-path -x`` as ``--sub-path=-x``: argparse would take the value for a flag."""
    arguments = iter(own)
    for argument in arguments:
        value = next(arguments, None) if argument in _VALUED else None
        yield argument if value is None else f"{argument}={value}"


def _one_of(kind: type[Choice], field_name: str, value: str) -> Choice:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise invalid(field_name, f"{value!r} is none of {known}") from None


class _Parser(ArgumentParser):
    """Wrong usage is an error like any other: it ends in the termination message."""

    def error(self, message: str) -> NoReturn:
        raise invalid("arguments", message)


def _parser() -> ArgumentParser:
    parser = _Parser(prog="datacube-transfer", description=__doc__, allow_abbrev=False)
    parser.add_argument("type", help="git, huggingface or s3")
    parser.add_argument("direction", help="download or upload")
    parser.add_argument("--volume", required=True, help="directory of the volume")
    parser.add_argument("--sub-path", default="", help="directory below it")
    parser.add_argument(_TERMINATION_LOG, default=_DEFAULT_TERMINATION_LOG)
    parser.add_argument("--sync", action="store_true", help="s3 downloads: delete what is extra")
    return parser
