"""
When a pod wrote what: as much as can be known without standing between a process and its log.

Output goes straight into a file, which nothing can slow down or lose, but which has no times. So
once a second the size of each growing log is noted beside it (``<uid>.times``: size and time, a
line each). A line's time is that of the first note that has all of it: at most a second late. What
no note has yet is as old as the file's last change.

Kubernetes' own times are taken where the line is read from the container, and no truer in order.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from datacube_runtime.local.registry.registry import Registry

    LogPath = Callable[[str, str, str], Path]

_EVERY_S = 1.0


class Note(NamedTuple):
    """So long was the log by then."""

    size: int
    time: float


def notes(log: Path) -> list[Note]:
    """Return what was noted about a log, and how it is now."""
    found = []
    with suppress(FileNotFoundError):
        for line in _beside(log).read_text().splitlines():
            with suppress(ValueError):  # half a line: a crash cut it, or a full disk
                size, time = line.split()
                found.append(Note(int(size), float(time)))
    return [*found, *_now(log)]


def written_at(known: Sequence[Note], end: int) -> datetime:
    """Return when the log had reached a position; the latest known time where it has not."""
    index = min(bisect_left(known, end, key=lambda note: note.size), len(known) - 1)
    return datetime.fromtimestamp(known[index].time, UTC)


def size_before(known: Sequence[Note], since: datetime) -> int:
    """Return how long the log was before a time."""
    return max((note.size for note in known if note.time < since.timestamp()), default=0)


class LogTimes:
    """Notes the sizes of the logs of running pods."""

    def __init__(self, registry: Registry, log_path: LogPath) -> None:
        self._registry, self._log_path = registry, log_path
        self._growing: dict[str, Path] = {}
        self._noted: dict[str, int] = {}

    async def run(self) -> None:
        """Keep notes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_pods())
            tasks.create_task(self._keep_notes())

    def see(self, change: str, pod: Mapping[str, Any]) -> None:
        """Take in what became of a pod."""
        meta = pod["metadata"]
        uid, key = meta["uid"], (meta["namespace"], meta["name"], meta["uid"])
        if change != "DELETED" and pod.get("status", {}).get("phase") == "Running":
            self._growing[uid] = self._log_path(*key)
            return
        if (log := self._growing.pop(uid, None)) is not None:
            self._note(uid, log)
            self._noted.pop(uid, None)
        if change == "DELETED":
            _beside(self._log_path(*key)).unlink(missing_ok=True)

    def note(self) -> None:
        """Note the size of every log that has grown."""
        for uid, log in self._growing.items():
            self._note(uid, log)

    def _note(self, uid: str, log: Path) -> None:
        for size, time in _now(log):
            if size != self._noted.get(uid, 0):
                self._noted[uid] = size
                # On a full disk the times are less exact, which nobody has to be stopped for.
                with suppress(OSError), _beside(log).open("a") as file:
                    file.write(f"{size} {time:.6f}\n")

    async def _keep_notes(self) -> None:
        while True:
            self.note()
            await asyncio.sleep(_EVERY_S)

    async def _follow_pods(self) -> None:
        while True:
            since = self._registry.version()
            for pod in self._registry.list(PODS):
                self.see("ADDED", pod)
            with suppress(ApiStatusError):  # it fell behind: it looks at all of them again
                async for change, pod in self._registry.watch(PODS, None, since):
                    self.see(change, pod)


def _now(log: Path) -> list[Note]:
    try:
        found = log.stat()
    except FileNotFoundError:
        return []
    return [Note(found.st_size, found.st_mtime)]


def _beside(log: Path) -> Path:
    return log.with_suffix(".times")
