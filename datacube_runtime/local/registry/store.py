"""
Objects and the log of their changes, in one SQLite file, under one counter of versions.

The counter is the resourceVersion: it grows by one with each change of any object and survives
restarts, because it is the version of the last event, and the last event is never dropped. The log
is what watches are served from, after a restart too, though the last of it comes from memory (see
``recent``). Only a window of it is kept, and whoever asks for more has to list again. Each event
remembers the object as it was before, so that a watch with a selector can tell that an object left
it, and an old list can be rebuilt.

This module knows nothing of Kubernetes beyond ``metadata``: no kinds, no rules, no verbs. It must
be used from one thread. SQLite answers in microseconds, so nothing here is asynchronous except
waiting for a change.

Durability: WAL with ``synchronous=NORMAL``. What was acknowledged survives a kill of the process;
a power cut may lose the last moments, but never leaves a broken file. Where the disk is full,
a change is refused as a whole and reads go on.
Source: https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.jsontext import encoded
from datacube_runtime.local.registry.recent import Event, Recent
from datacube_runtime.local.registry.tables import Row, Tables, connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_runtime.local.registry.tables import Place, Rows

WINDOW = 4096
_MOST_REMEMBERED = 256
_TRIMS_A_WINDOW = 16  # the log is up to a sixteenth longer than the window


class ForgottenError(Exception):
    """The log no longer reaches back to that version; ``oldest`` is as far as it reaches."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the log begins after version {oldest}")
        self.oldest = oldest


class NotStoredError(Exception):
    """The disk did not take a change: nothing of it was made, and the next one may be tried."""


class TakenError(Exception):
    """There is an object at that place already."""


class Store:
    """Objects by (resource key, namespace, name); ``""`` is the namespace of those without one."""

    def __init__(self, path: Path | str, window: int = WINDOW) -> None:
        self._db = connected(path)
        self._tables = Tables(self._db)
        self._window = window
        self._depth = 0
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.version: int = self._tables.newest()
        self._oldest: int | None = None
        self._made: list[tuple[str, Event]] = []
        self._leaving: dict[Place, bool | None] = {}
        self._recent = Recent(self.version)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def oldest(self) -> int:
        """Return the oldest version from which changes can still be told."""
        if self._oldest is None:
            self._oldest = self._tables.oldest()
        return self._oldest

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Make the changes inside all or nothing. Watchers see them after the outermost one.

        :raises NotStoredError: the disk is full, or fails.
        """
        if self._depth:
            yield
            return
        before = self.version
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            self._undo(before)
            if isinstance(error, sqlite3.OperationalError):
                raise NotStoredError(str(error)) from error
            raise
        finally:
            self._depth = 0
        self._tell_watchers()

    def _undo(self, version: int) -> None:
        if self._db.in_transaction:  # SQLite itself has ended it after some errors of the disk
            self._db.execute("ROLLBACK")
        self.version, self._oldest = version, None
        self._made.clear()
        self._leaving.clear()

    def get(self, key: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object, the caller's own copy."""
        found = self._tables.at(key, namespace, name)
        return found.object if found else None

    def is_terminating(self, key: str, namespace: str, name: str) -> bool | None:
        """
        Tell whether an object is marked as deleted; None where there is none.

        What was asked is remembered until the object changes: it is asked of one and the same
        namespace with each new object in it.
        """
        place = (key, namespace, name)
        if place not in self._leaving:
            if len(self._leaving) >= _MOST_REMEMBERED:
                self._leaving.clear()
            self._leaving[place] = self._tables.is_terminating(*place)
        return self._leaving[place]

    def list(self, key: str, namespace: str | None, at: int | None = None) -> Rows:
        """
        Return the objects of a resource by namespace and name, now or as they were at a version.

        :raises ForgottenError: the log does not reach back that far.
        """
        rows = self._tables.of(key, namespace)
        if at is None or at >= self.version:
            return rows
        then = {(row.namespace, row.name): row for row in rows}
        for event in reversed(list(self.changes(key, namespace, at))):
            place = (event.namespace, event.name)
            then.pop(place, None)
            if event.previous:
                then[place] = Row(key, *place, event.previous)
        return [then[place] for place in sorted(then)]

    def put(self, key: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Write an object under the next version; return it as written."""
        place = _place(key, obj)
        with self.transaction():
            old = self._tables.at(*place)
            body = self._log("MODIFIED" if old else "ADDED", place, obj, old.body if old else "")
            self._tables.write(place, obj["metadata"], body, is_new=old is None)
        return obj

    def add(self, key: str, obj: dict[str, Any]) -> None:
        """
        Write a new object.

        :raises TakenError: there is one at its place.
        """
        place = _place(key, obj)
        try:
            with self.transaction():
                body = self._log("ADDED", place, obj, "")
                self._tables.write(place, obj["metadata"], body, is_new=True)
        except sqlite3.IntegrityError as error:
            raise TakenError from error

    def remove(self, key: str, obj: dict[str, Any]) -> None:
        """Delete an object; the event shows it as ``obj``, under the next version."""
        place = _place(key, obj)
        with self.transaction():
            old = self._tables.at(*place)
            self._log("DELETED", place, obj, old.body if old else "")
            self._tables.delete(place)

    def with_uid(self, uid: str) -> Row | None:
        """Return the object of that identity."""
        return self._tables.with_uid(uid)

    def owned_by(self, uid: str) -> Rows:
        """Return the objects whose ownerReferences hold that uid."""
        return self._tables.owned_by(uid)

    def terminating(self, key: str, namespace: str | None) -> Rows:
        """Return the objects that are marked as deleted and still there."""
        return self._tables.terminating(key, namespace)

    def in_namespace(self, namespace: str) -> Rows:
        """Return everything inside a namespace."""
        return self._tables.in_namespace(namespace)

    def changes(self, key: str, namespace: str | None, since: int) -> Iterator[Event]:
        """
        Yield what changed after a version, oldest first.

        :raises ForgottenError: the log does not reach back that far.
        """
        while True:
            # Asked again for each batch: the log may be trimmed while a slow reader holds this.
            if since < self.oldest:
                raise ForgottenError(self.oldest)
            batch = self._recent.after(key, since)
            if batch is None:
                batch = self._tables.logged(key, since)
            if not batch:
                return
            since = batch[-1].version
            yield from (e for e in batch if namespace is None or e.namespace == namespace)

    @contextmanager
    def subscribed(self, key: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever an object of the resource changed."""
        changed = asyncio.Event()
        self._waiting[key].add(changed)
        try:
            yield changed
        finally:
            self._waiting[key].discard(changed)

    def _log(self, kind: str, place: Place, obj: dict[str, Any], old: str) -> str:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        key, namespace, name = place
        self._leaving.pop(place, None)
        event = Event(self.version, namespace, name, kind, encoded(obj).decode(), old)
        self._tables.log(key, event)
        self._made.append((key, event))
        if self.version % (self._window // _TRIMS_A_WINDOW or 1) == 0:
            self._oldest = None
            self._tables.trim(self.version - self._window)
        return event.body

    def _tell_watchers(self) -> None:
        for key, event in self._made:
            self._recent.add(key, event)
        for key in {key for key, _ in self._made}:
            for changed in self._waiting[key]:
                changed.set()
        self._made.clear()


def _place(key: str, obj: dict[str, Any]) -> Place:
    meta = obj["metadata"]
    return key, meta.get("namespace", ""), meta["name"]
