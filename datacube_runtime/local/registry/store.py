"""
Objects and the log of their changes, in one SQLite file, under one counter of versions.

The counter is the resourceVersion: it grows by one with each change of any object and survives
restarts, because it is the version of the last event, and the last event is never dropped. The log
is what watches are served from, after a restart too; only a window of it is kept, and whoever asks
for more has to list again. Each event remembers the object as it was before, so that a watch with
a selector can tell that an object left it, and an old list can be rebuilt.

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
import json
import sqlite3
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WINDOW = 4096
_TRIMS_A_WINDOW = 16  # the log is up to a sixteenth longer than the window
_BATCH = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    key TEXT, namespace TEXT, name TEXT, uid TEXT, terminating INTEGER, body TEXT,
    PRIMARY KEY (key, namespace, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objects_by_uid ON objects (uid);
CREATE INDEX IF NOT EXISTS objects_by_namespace ON objects (namespace);
CREATE TABLE IF NOT EXISTS owners (
    owner TEXT, key TEXT, namespace TEXT, name TEXT,
    PRIMARY KEY (owner, key, namespace, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS owners_by_object ON owners (key, namespace, name);
CREATE TABLE IF NOT EXISTS events (
    version INTEGER PRIMARY KEY, key TEXT, namespace TEXT, name TEXT,
    kind TEXT, body TEXT, previous TEXT
);
"""


class Row(NamedTuple):
    """Where an object is, and the object as JSON text."""

    key: str
    namespace: str
    name: str
    body: str

    @property
    def object(self) -> dict[str, Any]:
        """Return the object, the caller's own copy."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


Rows = list[Row]


class Event(NamedTuple):
    """One change: ``kind`` is ADDED, MODIFIED or DELETED; ``previous`` is empty when ADDED."""

    version: int
    namespace: str
    name: str
    kind: str
    body: str
    previous: str


class ForgottenError(Exception):
    """The log no longer reaches back to that version; ``oldest`` is as far as it reaches."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the log begins after version {oldest}")
        self.oldest = oldest


class NotStoredError(Exception):
    """The disk did not take a change: nothing of it was made, and the next one may be tried."""


class Store:
    """Objects by (resource key, namespace, name); ``""`` is the namespace of those without one."""

    def __init__(self, path: Path | str, window: int = WINDOW) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self._window = window
        self._depth = 0
        self._touched: set[str] = set()
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.version: int = self._one("SELECT COALESCE(MAX(version), 0) FROM events")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def oldest(self) -> int:
        """Return the oldest version from which changes can still be told."""
        first: int = self._one("SELECT COALESCE(MIN(version), 1) FROM events")
        return first - 1

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
        self.version = version
        self._touched.clear()

    def get(self, key: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object, the caller's own copy."""
        found = self._rows("key = ? AND namespace = ? AND name = ?", key, namespace, name)
        return found[0].object if found else None

    def list(self, key: str, namespace: str | None, at: int | None = None) -> Rows:
        """
        Return the objects of a resource by namespace and name, now or as they were at a version.

        :raises ForgottenError: the log does not reach back that far.
        """
        if namespace is None:
            rows = self._rows("key = ?", key)
        else:
            rows = self._rows("key = ? AND namespace = ?", key, namespace)
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
        meta = obj["metadata"]
        place = (key, meta.get("namespace", ""), meta["name"])
        with self.transaction():
            old = self._rows("key = ? AND namespace = ? AND name = ?", *place)
            body = self._log("MODIFIED" if old else "ADDED", place, obj, old[0].body if old else "")
            self._db.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
                (*place, meta["uid"], "deletionTimestamp" in meta, body),
            )
            self._link(place, meta.get("ownerReferences", ()))
        return obj

    def remove(self, key: str, obj: dict[str, Any]) -> None:
        """Delete an object; the event shows it as ``obj``, under the next version."""
        meta = obj["metadata"]
        place = (key, meta.get("namespace", ""), meta["name"])
        with self.transaction():
            old = self._rows("key = ? AND namespace = ? AND name = ?", *place)
            self._log("DELETED", place, obj, old[0].body)
            self._db.execute(
                "DELETE FROM objects WHERE key = ? AND namespace = ? AND name = ?", place
            )
            self._link(place, ())

    def with_uid(self, uid: str) -> Row | None:
        """Return the object of that identity."""
        return next(iter(self._rows("uid = ?", uid)), None)

    def owned_by(self, uid: str) -> Rows:
        """Return the objects whose ownerReferences hold that uid."""
        where = (
            "(key, namespace, name) IN (SELECT key, namespace, name FROM owners WHERE owner = ?)"
        )
        return self._rows(where, uid)

    def terminating(self, key: str, namespace: str) -> Rows:
        """Return the objects that are marked as deleted and still there."""
        return self._rows("key = ? AND namespace = ? AND terminating", key, namespace)

    def in_namespace(self, namespace: str) -> Rows:
        """Return everything inside a namespace."""
        return self._rows("namespace = ?", namespace)

    def changes(self, key: str, namespace: str | None, since: int) -> Iterator[Event]:
        """
        Yield what changed after a version, oldest first.

        :raises ForgottenError: the log does not reach back that far.
        """
        where, of = ("", ()) if namespace is None else (" AND namespace = ?", (namespace,))
        query = (
            "SELECT version, namespace, name, kind, body, previous FROM events "  # noqa: S608 - ours
            f"WHERE version > ? AND key = ?{where} ORDER BY version LIMIT {_BATCH}"
        )
        while True:
            # Asked again for each batch: the log may be trimmed while a slow reader holds this.
            if since < self.oldest:
                raise ForgottenError(self.oldest)
            batch = self._db.execute(query, (since, key, *of)).fetchall()
            if not batch:
                return
            yield from (Event(*row) for row in batch)
            since = batch[-1][0]

    @contextmanager
    def subscribed(self, key: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever an object of the resource changed."""
        changed = asyncio.Event()
        self._waiting[key].add(changed)
        try:
            yield changed
        finally:
            self._waiting[key].discard(changed)

    def _log(self, kind: str, place: tuple[str, str, str], obj: dict[str, Any], old: str) -> str:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        body = json.dumps(obj, separators=(",", ":"))
        self._db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.version, *place, kind, body, old),
        )
        if self.version % (self._window // _TRIMS_A_WINDOW or 1) == 0:
            self._db.execute(
                "DELETE FROM events WHERE version <= ?", (self.version - self._window,)
            )
        self._touched.add(place[0])
        return body

    def _link(self, place: tuple[str, str, str], owners: Any) -> None:
        self._db.execute("DELETE FROM owners WHERE key = ? AND namespace = ? AND name = ?", place)
        self._db.executemany(
            "INSERT OR IGNORE INTO owners VALUES (?, ?, ?, ?)",
            [(owner["uid"], *place) for owner in owners],
        )

    def _rows(self, where: str, *values: str) -> Rows:
        query = (
            f"SELECT key, namespace, name, body FROM objects WHERE {where} "  # noqa: S608 - ours
            "ORDER BY key, namespace, name"
        )
        return [Row(*row) for row in self._db.execute(query, values)]

    def _one(self, query: str) -> int:
        (value,) = self._db.execute(query).fetchone()
        return int(value)

    def _tell_watchers(self) -> None:
        for key in self._touched:
            for changed in self._waiting[key]:
                changed.set()
        self._touched.clear()
