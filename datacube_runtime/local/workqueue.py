"""
A queue of keys: what has to be looked at, each once however often it changed, now or later.

It knows nothing of what the keys mean. A key that is asked for again while it waits for a moment
is moved forward, never doubled.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Key = TypeVar("Key")


class WorkQueue(Generic[Key]):
    """Keys in the order in which they became due; for one event loop."""

    def __init__(self) -> None:
        self._due: dict[Key, None] = {}  # a set that keeps the order
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._filled = asyncio.Event()

    def add(self, key: Key) -> None:
        """Make a key due."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        self._due[key] = None
        self._filled.set()

    def add_later(self, key: Key, delay_s: float) -> None:
        """Make a key due after some seconds; one that is due already stays so."""
        if key in self._due:
            return
        if timer := self._timers.pop(key, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(max(0.0, delay_s), self.add, key)

    async def get(self) -> Key:
        """Wait for a key that is due, and take it. Others always get a turn in between."""
        await asyncio.sleep(0)
        while not self._due:
            self._filled.clear()
            await self._filled.wait()
        key = next(iter(self._due))
        del self._due[key]
        return key

    def close(self) -> None:
        """Forget everything that is planned."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._due.clear()
