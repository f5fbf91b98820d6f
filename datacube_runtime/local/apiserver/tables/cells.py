"""
Cells that many columns are made of, and columns themselves: a definition and what fills it.

Source: translateTimestampSince and layoutContainerCells in
k8s.io/kubernetes/pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from datacube_runtime.local.apiserver.tables.jsonpaths import read_path

Object = Mapping[str, Any]
Cell = Callable[[Object, datetime], Any]

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


class Column(NamedTuple):
    """A column: what the client is told of it, and how a row's cell is made."""

    definition: Mapping[str, Any]
    cell: Cell


def column(name: str, cell: Cell, *, is_wide: bool = False, kind: str = "string") -> Column:
    """Return a column of a built-in kind; kubectl shows wide ones with ``-o wide`` only."""
    form = "name" if name == "Name" else ""
    definition = {"name": name, "type": kind, "format": form, "description": name}
    return Column({**definition, "priority": int(is_wide)}, cell)


def at(path: str, otherwise: str = "") -> Cell:
    """Return a cell with what stands at a path."""

    def cell(obj: Object, _now: datetime) -> Any:
        value = read_path(path, obj)
        return otherwise if value is None or value == "" else value

    return cell


def age_of(obj: Object, now: datetime) -> str:
    """Return how long an object has been there."""
    return age(obj["metadata"].get("creationTimestamp"), now)


def age(since: Any, now: datetime) -> str:
    """
    Return a time's distance from now as kubectl writes it: two units at most.

    Source: HumanDuration in k8s.io/apimachinery/pkg/util/duration/duration.go
    """
    if not since:
        return "<unknown>"
    seconds = int((now - datetime.fromisoformat(str(since))).total_seconds())
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    return next(words(seconds) for below, words in _AGES if seconds < below)


def _pair(first: int, unit: str, second: int, small_unit: str) -> str:
    return f"{first}{unit}{second}{small_unit}" if second else f"{first}{unit}"


_AGES: Sequence[tuple[float, Callable[[int], str]]] = (
    (2 * _MINUTE, lambda s: f"{s}s"),
    (10 * _MINUTE, lambda s: _pair(s // _MINUTE, "m", s % _MINUTE, "s")),
    (3 * _HOUR, lambda s: f"{s // _MINUTE}m"),
    (8 * _HOUR, lambda s: _pair(s // _HOUR, "h", s % _HOUR // _MINUTE, "m")),
    (2 * _DAY, lambda s: f"{s // _HOUR}h"),
    (8 * _DAY, lambda s: _pair(s // _DAY, "d", s % _DAY // _HOUR, "h")),
    (2 * _YEAR, lambda s: f"{s // _DAY}d"),
    (8 * _YEAR, lambda s: _pair(s // _YEAR, "y", s % _YEAR // _DAY, "d")),
    (float("inf"), lambda s: f"{s // _YEAR}y"),
)
