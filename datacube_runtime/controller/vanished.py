"""
The names whose Job went away before all was told of it: what the caches say of their pods may lag.

Such a name is rare, and stays one for ten minutes: a watch that says nothing is given up long
before that, and everything is listed again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.controller.objects import Key

_KEPT_S = 600.0


class Vanished:
    """Keys, each for ten minutes since it was last added."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at: dict[Key, float] = {}

    def add(self, key: Key) -> None:
        """Remember a name, and forget the old ones."""
        self._at.pop(key, None)
        self._at[key] = self._clock()
        while not self._is_kept(oldest := next(iter(self._at))):
            del self._at[oldest]

    def __contains__(self, key: Key) -> bool:
        return key in self._at and self._is_kept(key)

    def __len__(self) -> int:
        return len(self._at)

    def _is_kept(self, key: Key) -> bool:
        return self._clock() - self._at[key] < _KEPT_S
