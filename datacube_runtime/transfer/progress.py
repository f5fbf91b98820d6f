"""
Progress of every engine at one pace: at most a line a second, the last of a phase always.

Engines say how far they are in their own words, which their backends read; how fast that is and
how long it will take is worked out here, the same way for all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_api.progress import Progress

_INTERVAL_S = 1.0
_WINDOW_S = 10.0
"""How far back the rate looks: long enough to be steady, short enough to follow the network."""


class Meter:
    """Takes how far a transfer is, as often as the engine says it; shows it, not too often."""

    def __init__(self, emit: Callable[[str], None], clock: Callable[[], float]) -> None:
        """Remember whom to tell, and who knows the time in seconds."""
        self._emit, self._clock = emit, clock
        self._last: Progress | None = None
        self._shown_at = float("-inf")
        self._is_shown = True
        self._seen = deque[tuple[float, int]]()

    def take(self, progress: Progress) -> None:
        """Take note, and show it if it is time."""
        now = self._clock()
        if self._last and self._last.phase is not progress.phase:
            self.flush()
            self._seen.clear()
        self._see(now, progress.done_bytes)
        self._last, self._is_shown = self._completed(progress), False
        if now >= self._shown_at + _INTERVAL_S:
            self._shown_at = now
            self.flush()

    def flush(self) -> None:
        """Show what was held back: the phase, or the transfer, is over."""
        if self._last and not self._is_shown:
            self._is_shown = True
            self._emit(self._last.to_line())

    def _see(self, now: float, done_bytes: int) -> None:
        if self._seen and done_bytes < self._seen[-1][1]:  # an engine began anew
            self._seen.clear()
        self._seen.append((now, done_bytes))
        while self._seen[0][0] < now - _WINDOW_S:
            self._seen.popleft()

    def _completed(self, progress: Progress) -> Progress:
        (since, before), (now, done) = self._seen[0], self._seen[-1]
        if now - since < _INTERVAL_S or done <= before:  # a moment says nothing about the pace
            return progress
        rate = (done - before) / (now - since)
        left = None if progress.total_bytes is None else max(0, progress.total_bytes - done)
        return replace(
            progress, rate_bytes_s=round(rate), eta_s=None if left is None else round(left / rate)
        )
