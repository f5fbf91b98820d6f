"""
How fast to ask: a bucket of tokens, filled at a steady rate, one token a request.

An API server protects itself, and everybody on it then waits; a client that keeps below its share
is not the cause. Who finds the bucket empty waits for the turn after those who came before.

Source of the meaning of qps and burst: k8s.io/client-go/util/flowcontrol/throttle.go
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class TokenBucket:
    """At most ``burst`` at once and ``qps`` a second in the long run; ``qps`` 0: no limit."""

    def __init__(self, qps: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._qps = qps
        self._burst = max(1, burst)
        self._clock = clock
        self._tokens = float(self._burst)
        self._at = clock()

    def reserve_s(self) -> float:
        """Take the next token; return how long to wait until it is there."""
        if self._qps <= 0:
            return 0.0
        self._fill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._qps)

    def take_if_there(self) -> bool:
        """Take a token if there is one now."""
        if self._qps > 0:
            self._fill()
            if self._tokens < 1:
                return False
            self._tokens -= 1
        return True

    async def wait(self) -> None:
        """Return when it is one's turn."""
        if (pause_s := self.reserve_s()) > 0:
            await asyncio.sleep(pause_s)

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps)
        self._at = now
