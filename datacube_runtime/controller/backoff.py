"""How long to pause after a number of failures in a row: doubling, bounded, never in step."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Pauses in seconds; each is cut by up to half at random, so that no two clients agree."""

    first_s: float = 0.1
    longest_s: float = 30.0

    def pause_s(self, failures: int) -> float:
        """Return the pause after so many failures, of which there is at least one."""
        doublings = min(failures - 1, 30)  # beyond any bound, and no float is too small for it
        pause: float = min(self.longest_s, self.first_s * 2**doublings)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
