"""
What the process that talks to the hub says while it works: lines of JSON on standard error.

Many threads count into one tally. How fast that is and what people see of it is the program's
business; here only too many lines are avoided.
"""

from __future__ import annotations

import json
import sys
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacube_api.progress import Phase

_INTERVAL_S = 0.25


class Tally:
    """How far a phase is, in bytes and files."""

    def __init__(self, phase: Phase, total_bytes: int, total_files: int) -> None:
        self._phase, self._total, self._files = phase, total_bytes, total_files
        self._done = self._done_files = 0
        self._lock, self._shown_at, self._is_shown = Lock(), 0.0, True

    def share(self, size: int) -> Share:
        """Return the part that one file has in it."""
        return Share(self, size)

    def add(self, count: int, files: int = 0) -> None:
        """Take note of bytes, which may be fewer than before, and of whole files."""
        with self._lock:
            self._done += count
            self._done_files += files
            now, self._is_shown = time.monotonic(), False
            if now >= self._shown_at + _INTERVAL_S or self._done_files == self._files:
                self._shown_at = now
                self._say()

    def flush(self) -> None:
        """Say what was held back: no more comes, however much is missing."""
        with self._lock:
            if not self._is_shown:
                self._say()

    def _say(self) -> None:
        self._is_shown = True
        say(
            phase=str(self._phase),
            done=self._done,
            total=self._total,
            files=[self._done_files, self._files],
        )


class Share:
    """How far one file is; never further than its size, and back at nothing when it fails."""

    def __init__(self, tally: Tally, size: int) -> None:
        self._tally, self._size, self._done = tally, size, 0

    def add(self, count: int) -> None:
        """Take note of bytes that arrived."""
        self.reach(self._done + count)

    def reach(self, position: int) -> None:
        """Take note of how far the file is in all."""
        position = min(position, self._size)
        self._tally.add(position - self._done)
        self._done = position

    def complete(self) -> None:
        """Take note of the whole file."""
        left, self._done = self._size - self._done, self._size
        self._tally.add(left, files=1)


def say(**words: Any) -> None:
    """Write one line for the program."""
    tell(json.dumps(words))


def tell(words: str) -> None:
    """Write one line for people."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
