"""
Keys to be worked on, each by one worker at a time, however often it is asked for.

Many events about one object become one pass over it; an event that comes while the pass is running
makes one more pass afterwards. A key may come back later, or after a pause that grows with its
failures. One thread, one event loop; nothing here blocks.

Source of the algorithm (dirty, processing, delayed): k8s.io/client-go/util/workqueue
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from datacube_runtime.controller.backoff import Backoff

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """A queue without duplicates; whoever took a key from it says ``done``."""

    def __init__(self, backoff: Backoff | None = None) -> None:
        self._backoff = backoff or Backoff()
        self._ready: deque[K] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._is_shut = False
        self._wanted: set[K] = set()
        self._taken: set[K] = set()
        self._later: dict[K, asyncio.TimerHandle] = {}
        self._failures: Counter[K] = Counter()

    def add(self, key: K) -> None:
        """Ask for a pass over the key, as soon as possible."""
        if key in self._wanted:
            return
        self._wanted.add(key)
        if key not in self._taken:
            self._offer(key)

    def add_after(self, key: K, delay_s: float) -> None:
        """Ask for a pass later; of two such wishes the earlier one counts."""
        loop = asyncio.get_running_loop()
        at = loop.time() + delay_s
        if (planned := self._later.get(key)) is not None:
            if planned.when() <= at:
                return
            planned.cancel()
        self._later[key] = loop.call_at(at, self._now, key)

    def retry(self, key: K) -> None:
        """Ask for a pass after a failed one; the pause grows until ``forget``."""
        self._failures[key] += 1
        self.add_after(key, self._backoff.pause_s(self._failures[key]))

    def forget(self, key: K) -> None:
        """Say that a pass went well."""
        self._failures.pop(key, None)

    def depth(self) -> int:
        """Return how many keys wait for a worker."""
        return len(self._ready)

    async def take(self) -> K | None:
        """Wait for a key that no other worker holds; None when there will be no more."""
        while not self._ready and not self._is_shut:
            waiter = asyncio.get_running_loop().create_future()
            self._idle.append(waiter)
            await waiter
        if self._is_shut:
            return None
        key = self._ready.popleft()
        self._wanted.discard(key)
        self._taken.add(key)
        return key

    def done(self, key: K) -> None:
        """Give a key back; it comes again if it was asked for meanwhile."""
        self._taken.discard(key)
        if key in self._wanted:
            self._offer(key)

    def shut_down(self) -> None:
        """Give out no more keys: who waits for one gets None."""
        self._is_shut = True
        while self._idle:
            self._wake()

    def close(self) -> None:
        """Drop what was to come later."""
        for handle in self._later.values():
            handle.cancel()
        self._later.clear()

    def _offer(self, key: K) -> None:
        self._ready.append(key)
        self._wake()

    def _wake(self) -> None:
        while self._idle:
            if not (waiter := self._idle.popleft()).done():
                waiter.set_result(None)
                return

    def _now(self, key: K) -> None:
        del self._later[key]
        self.add(key)
