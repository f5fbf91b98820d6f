"""
What rclone says while it works, read: JSON, one object a line. Pure but for what it remembers.

Source: ``--use-json-log`` and ``--stats`` of https://rclone.org/docs/; the fields of ``stats`` are
those of https://rclone.org/rc/#core-stats.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.progress import Count, Phase, Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNFINISHED = re.compile(r"\.[0-9a-f]{8}\.datacube-[0-9a-f]{6}$")  # see leftovers
_HIDDEN = frozenset({"debug", "info"})


@dataclass(frozen=True)
class Stats:
    """What one process has done, by its last word on it."""

    done_bytes: int = 0
    files: int = 0
    deleted: int = 0

    @classmethod
    def of(cls, stats: Mapping[str, Any]) -> Stats:
        """Read the ``stats`` of a line."""
        return cls(stats.get("bytes", 0), stats.get("transfers", 0), stats.get("deletes", 0))


class Log:
    """Reads the lines of one process; see ``Reader``."""

    def __init__(self) -> None:
        self.stats = Stats()

    def __call__(self, line: str) -> Progress | str | None:
        """Return how far it is, or words for people; before there is a total, nothing."""
        try:
            entry = json.loads(line)
        except ValueError:
            return line
        if not isinstance(entry, dict):
            return line
        if stats := entry.get("stats"):
            self.stats = Stats.of(stats)
            return _progress(stats) if stats.get("totalTransfers") else None
        if entry.get("level") in _HIDDEN:
            return None
        about = _UNFINISHED.sub("", str(entry.get("object", "")))
        message = str(entry.get("msg", "")).strip()
        return f"{about}: {message}" if about else message


def _progress(stats: Mapping[str, Any]) -> Progress:
    count = Count(stats.get("transfers", 0), stats.get("totalTransfers", 0))
    return Progress(Phase.TRANSFER, stats.get("bytes", 0), stats.get("totalBytes"), count)
