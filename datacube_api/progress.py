"""
One line of progress, the same for every engine: people read its left side, programs its right.

``transfer: 12.3 MiB of 30.0 MiB (41 %), 3 of 12 files, 4.5 MiB/s, 4 s left
[done=12897485 total=31457280 files=3/12 rate=4718592 eta=4]`` (one line). What is not known is left
out on both sides, never guessed. The transfer program prints such lines; whoever reads the log of
its pod gets the numbers back from ``read_progress``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024
_NUMBERS = re.compile(
    r"(?P<phase>\w+): .*\[done=(?P<done>\d+)(?: total=(?P<total>\d+))?"
    r"(?: (?P<unit>files|objects)=(?P<n>\d+)/(?P<of>\d+))?"
    r"(?: rate=(?P<rate>\d+))?(?: eta=(?P<eta>\d+))?\]"
)


class Phase(StrEnum):
    """What a transfer is at; backends use those that they have, in this order."""

    LIST = "list"
    TRANSFER = "transfer"
    VERIFY = "verify"
    CHECKOUT = "checkout"
    COMMIT = "commit"


@dataclass(frozen=True)
class Count:
    """How many things are done; Git counts its objects, the others count files."""

    done: int
    total: int
    unit: str = "files"


@dataclass(frozen=True)
class Progress:
    """How far a phase is. Bytes, bytes a second, seconds; None is: not known."""

    phase: Phase
    done_bytes: int
    total_bytes: int | None = None
    count: Count | None = None
    rate_bytes_s: int | None = None
    eta_s: int | None = None

    @property
    def fraction(self) -> float | None:
        """Return how much is done, from 0 to 1: by bytes, else by count."""
        if self.total_bytes:
            return min(1.0, self.done_bytes / self.total_bytes)
        if self.count and self.count.total:
            return min(1.0, self.count.done / self.count.total)
        return None

    def to_line(self) -> str:
        """Return the uniform line."""
        return f"{self.to_words()} [{' '.join(self._numbers())}]"

    def to_words(self) -> str:
        """Return the side of the line that people read."""
        return f"{self.phase}: {', '.join(self._words())}"

    def _words(self) -> list[str]:
        words = [readable_bytes(self.done_bytes)]
        if self.total_bytes is not None:
            words[0] += f" of {readable_bytes(self.total_bytes)}"
        if self.fraction is not None:
            words[0] += f" ({int(100 * self.fraction)} %)"
        if self.count:
            words.append(f"{self.count.done} of {self.count.total} {self.count.unit}")
        if self.rate_bytes_s is not None:
            words.append(f"{readable_bytes(self.rate_bytes_s)}/s")
        if self.eta_s is not None:
            words.append(f"{readable_seconds(self.eta_s)} left")
        return words

    def _numbers(self) -> list[str]:
        counted = f"{self.count.done}/{self.count.total}" if self.count else None
        numbers = {
            "done": self.done_bytes,
            "total": self.total_bytes,
            self.count.unit if self.count else "files": counted,
            "rate": self.rate_bytes_s,
            "eta": self.eta_s,
        }
        return [f"{name}={value}" for name, value in numbers.items() if value is not None]


def read_progress(line: str) -> Progress | None:
    """Read back ``Progress.to_line``; None where the line is something else."""
    found = _NUMBERS.fullmatch(line.strip())
    if not found or found["phase"] not in list(Phase):
        return None
    return Progress(
        phase=Phase(found["phase"]),
        done_bytes=int(found["done"]),
        total_bytes=_number(found["total"]),
        count=Count(int(found["n"]), int(found["of"]), found["unit"]) if found["unit"] else None,
        rate_bytes_s=_number(found["rate"]),
        eta_s=_number(found["eta"]),
    )


def readable_bytes(number: int) -> str:
    """Return a size as people write it: ``512 B``, ``12.3 MiB``."""
    size, units = float(number), iter(_UNITS)
    unit = next(units)
    while size >= _STEP and unit != _UNITS[-1]:
        size, unit = size / _STEP, next(units)
    return f"{number} B" if unit == _UNITS[0] else f"{size:.1f} {unit}"


def readable_seconds(number: int) -> str:
    """Return a time as people say it: ``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    minutes, rest = divmod(number, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{number} s"


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
