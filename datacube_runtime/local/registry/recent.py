"""
The latest changes in memory, so that a hundred watchers read, decode and write each of them once.

A change is one object for all who look at it: what is decoded from it or made of it for one
watcher is there for the next. Only the last few of each resource are kept, within a limit of text;
whoever is further behind reads the log of the store, so a slow watcher holds nobody's memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.jsontext import decoded

if TYPE_CHECKING:
    from collections.abc import Hashable

_MOST_EVENTS = 256
_MOST_TEXT = 512 * 1024


@dataclass(slots=True, eq=False)
class Event:
    """One change: ``kind`` is ADDED, MODIFIED or DELETED; ``previous`` is empty when ADDED."""

    version: int
    namespace: str
    name: str
    kind: str
    body: str
    previous: str
    lines: dict[Hashable, bytes] = field(default_factory=dict)
    """What was made of it for watchers, by what they wanted."""

    _objects: list[dict[str, Any] | None] = field(default_factory=list)

    @property
    def object(self) -> dict[str, Any]:
        """Return the object after the change; shared, so never to be changed."""
        obj: dict[str, Any] = self._decoded()[0] or {}
        return obj

    @property
    def before(self) -> dict[str, Any] | None:
        """Return the object before the change, the same way."""
        if len(self._decoded()) == 1:
            self._objects.append(decoded(self.previous) if self.previous else None)
        return self._objects[1]

    def _decoded(self) -> list[dict[str, Any] | None]:
        if not self._objects:
            self._objects.append(decoded(self.body))
        return self._objects


class Recent:
    """The last events of each resource; complete from a version on that only grows."""

    def __init__(self, since: int) -> None:
        self._began = since
        self._windows: dict[str, _Window] = {}

    def add(self, key: str, event: Event) -> None:
        """Remember a change that is in the store."""
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(self._began)
        window.add(event)

    def after(self, key: str, version: int) -> list[Event] | None:
        """Return what changed after a version, oldest first; None: ask the log."""
        window = self._windows.get(key)
        if window is None:
            return [] if version >= self._began else None
        return window.after(version)


@dataclass(slots=True)
class _Window:
    """The last events of one resource."""

    complete_since: int
    events: deque[Event] = field(default_factory=deque)
    text: int = 0

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.text += _length(event)
        while len(self.events) > _MOST_EVENTS or self.text > _MOST_TEXT:
            dropped = self.events.popleft()
            self.text -= _length(dropped)
            self.complete_since = dropped.version

    def after(self, version: int) -> list[Event] | None:
        if version < self.complete_since:
            return None
        found: list[Event] = []
        for event in reversed(self.events):
            if event.version <= version:
                break
            found.append(event)
        found.reverse()
        return found


def _length(event: Event) -> int:
    return len(event.body) + len(event.previous)
