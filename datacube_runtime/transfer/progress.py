"""
One uniform progress line for all engines, at most one a second, as JSON on standard output.

``{"t", "phase", "done", "total", "files", "rate", "eta"}``: time, bytes, bytes or null, [n, N] or
null, bytes a second, seconds or null. Git does not know how many bytes will come, so it counts its
objects instead. What is not known is null, never guessed.

Source: git prints progress as ``Receiving objects:  42% (5/12), 1.30 MiB | 4.50 MiB/s``, see
progress.c of Git; the words do not change under LC_ALL=C.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERVAL_S = 1.0
_UNITS = {"bytes": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_PHASES = {
    "Enumerating objects": "list",
    "Counting objects": "list",
    "Compressing objects": "list",
    "Receiving objects": "transfer",
    "Writing objects": "transfer",
    "Resolving deltas": "verify",
    "Updating files": "checkout",
}
_AMOUNT = r"(?P<{0}>[\d.]+) (?P<{0}_unit>bytes|KiB|MiB|GiB)"
_LINE = re.compile(
    rf"(?:remote: )?(?P<title>{'|'.join(_PHASES)}): +"
    r"(?:\d+% \((?P<n>\d+)/(?P<total>\d+)\)|(?P<count>\d+))"
    rf"(?:, {_AMOUNT.format('done')})?(?: \| {_AMOUNT.format('rate')}/s)?(?:, done\.?)? *"
)


@dataclass(frozen=True)
class Sample:
    """How far a phase is."""

    phase: str
    done_bytes: int
    objects: tuple[int, int] | None
    rate_bytes_s: int

    def to_json(self, now: float) -> str:
        """Return the uniform line for this moment (seconds since 1970)."""
        line = {
            "t": round(now, 3),
            "phase": self.phase,
            "done": self.done_bytes,
            "total": None,
            "files": self.objects,
            "rate": self.rate_bytes_s,
            "eta": None,
        }
        return json.dumps(line)


def sample_of(line: str) -> Sample | None:
    """Read one line of Git's progress; None where it is something else."""
    found = _LINE.fullmatch(line)
    if not found:
        return None
    objects = (int(found["n"]), int(found["total"])) if found["n"] else None
    return Sample(
        _PHASES[found["title"]],
        _bytes(found["done"], found["done_unit"]),
        objects,
        _bytes(found["rate"], found["rate_unit"]),
    )


def _bytes(number: str | None, unit: str) -> int:
    return int(float(number) * _UNITS[unit]) if number else 0


class Progress:
    """Shows progress lines, not too many."""

    def __init__(self, emit: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._emit, self._clock = emit, clock
        self._next = float("-inf")

    def show(self, line: str) -> bool:
        """Take a line of an engine if it is progress; say whether it was."""
        sample = sample_of(line)
        if sample is None:
            return False
        now = self._clock()
        if now >= self._next:
            self._next = now + _INTERVAL_S
            self._emit(sample.to_json(now))
        return True
