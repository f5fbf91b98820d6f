"""
Whether this process does its work: what the probes of its pod are told.

Alive means that nothing hangs: no pass over a DataCube takes longer than any request may, and each
watch was heard of (a bookmark, an end, a failure all count) within the limit on its silence. Ready
means that it would serve: a leader has seen everything there is, a follower hears the API server.
A process that cannot reach the API server is alive, since a restart mends nothing, and not ready.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STUCK_S = 300.0
"""Longer than the requests of a pass take when each runs into its time limit."""


class Health:
    """Kept up to date by those who work; asked by the probes."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, stuck_s: float = STUCK_S
    ) -> None:
        self._clock = clock
        self._stuck_s = stuck_s
        self._busy: dict[str, float] = {}
        self._beats: dict[str, float] = {}
        self._missing: dict[str, str] = {}

    def beat(self, who: str) -> None:
        """Say that somebody who never ends gets on."""
        self._beats[who] = self._clock()

    def rest(self, who: str) -> None:
        """Say that somebody has stopped on purpose."""
        self._beats.pop(who, None)

    @contextmanager
    def busy(self, who: str) -> Iterator[None]:
        """Watch over a piece of work that has to end."""
        self._busy[who] = self._clock()
        try:
            yield
        finally:
            self._busy.pop(who, None)

    def lack(self, what: str, why: str) -> None:
        """Say what is missing for this process to be ready."""
        self._missing[what] = why

    def have(self, what: str) -> None:
        """Say that it is no longer missing."""
        self._missing.pop(what, None)

    def dead(self) -> list[str]:
        """Return what hangs, in sentences; nothing where all is well."""
        now = self._clock()
        found = [
            f"{who} has been at one DataCube for {now - since:.0f} s"
            for who, since in self._busy.items()
            if now - since > self._stuck_s
        ]
        found += [
            f"{who} was last heard of {now - at:.0f} s ago"
            for who, at in self._beats.items()
            if now - at > self._stuck_s
        ]
        return found

    def unready(self) -> list[str]:
        """Return why it cannot serve; nothing where it can."""
        return [*self._missing.values(), *self.dead()]
