"""
The tables of the store: where objects, their owners and the log of changes stand in SQLite.

Rows in and out, and nothing of what they mean: versions, transactions and watchers are the store's.
An object is one row, found by its place or its identity. There is no index of namespaces: who asks
for all of one asks kind by kind, since every index is one more page to write with each new object.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

from datacube_runtime.local.registry.jsontext import decoded
from datacube_runtime.local.registry.recent import Event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Place = tuple[str, str, str]

_BATCH = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    key TEXT, namespace TEXT, name TEXT, uid TEXT, terminating INTEGER, body TEXT,
    PRIMARY KEY (key, namespace, name)
);
CREATE INDEX IF NOT EXISTS objects_by_uid ON objects (uid);
DROP INDEX IF EXISTS objects_by_namespace;
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
_AT_PLACE = "key = ? AND namespace = ? AND name = ?"
_KEYS = """
WITH RECURSIVE keys (key) AS (
    SELECT MIN(key) FROM objects
    UNION ALL SELECT (SELECT MIN(key) FROM objects WHERE key > keys.key) FROM keys WHERE key NOTNULL
) SELECT key FROM keys
"""
"""Which kinds there are, by as many steps in the index: it is not read through."""


class Row(NamedTuple):
    """Where an object is, and the object as JSON text."""

    key: str
    namespace: str
    name: str
    body: str

    @property
    def object(self) -> dict[str, Any]:
        """Return the object, the caller's own copy."""
        parsed: dict[str, Any] = decoded(self.body)
        return parsed


Rows = list[Row]
Events = list[Event]


def connected(path: Path | str) -> sqlite3.Connection:
    """Return a connection to the file, which it makes; it begins no transaction by itself."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
    return db


class Tables:
    """What is asked of the file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def at(self, *place: str) -> Row | None:
        """Return the object of a (resource key, namespace, name)."""
        return next(iter(self._rows(_AT_PLACE, *place)), None)

    def is_terminating(self, *place: str) -> bool | None:
        """Tell whether an object is marked as deleted; None where there is none."""
        query = f"SELECT terminating FROM objects WHERE {_AT_PLACE}"  # noqa: S608 - ours
        found = self._db.execute(query, place).fetchone()
        return None if found is None else bool(found[0])

    def of(self, key: str, namespace: str | None) -> Rows:
        """Return the objects of a resource, in one or all namespaces."""
        if namespace is None:
            return self._rows("key = ?", key)
        return self._rows("key = ? AND namespace = ?", key, namespace)

    def with_uid(self, uid: str) -> Row | None:
        """Return the object of that identity."""
        return next(iter(self._rows("uid = ?", uid)), None)

    def owned_by(self, uid: str) -> Rows:
        """Return the objects whose ownerReferences hold that uid."""
        places = "SELECT key, namespace, name FROM owners WHERE owner = ?"
        return self._rows(f"(key, namespace, name) IN ({places})", uid)

    def terminating(self, key: str, namespace: str | None) -> Rows:
        """Return the objects that are marked as deleted and still there."""
        if namespace is None:
            return self._rows("key = ? AND terminating", key)
        return self._rows("key = ? AND namespace = ? AND terminating", key, namespace)

    def in_namespace(self, namespace: str) -> Rows:
        """Return everything inside a namespace."""
        return self._rows(f"key IN ({_KEYS}) AND namespace = ?", namespace)

    def write(self, place: Place, meta: dict[str, Any], body: str, *, is_new: bool) -> None:
        """Write an object, and who owns it."""
        row = (*place, meta["uid"], "deletionTimestamp" in meta, body)
        words = "INSERT" if is_new else "INSERT OR REPLACE"
        self._db.execute(f"{words} INTO objects VALUES (?, ?, ?, ?, ?, ?)", row)
        if not is_new or "ownerReferences" in meta:
            self._link(place, meta.get("ownerReferences", ()))

    def delete(self, place: Place) -> None:
        """Delete an object."""
        self._db.execute(f"DELETE FROM objects WHERE {_AT_PLACE}", place)  # noqa: S608 - ours
        self._link(place, ())

    def log(self, key: str, event: Event) -> None:
        """Append to the log."""
        self._db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.version,
                key,
                event.namespace,
                event.name,
                event.kind,
                event.body,
                event.previous,
            ),
        )

    def logged(self, key: str, since: int) -> Events:
        """Return the next events after a version."""
        query = (
            "SELECT version, namespace, name, kind, body, previous FROM events "
            "WHERE version > ? AND key = ? ORDER BY version LIMIT ?"
        )
        return [Event(*row) for row in self._db.execute(query, (since, key, _BATCH))]

    def trim(self, version: int) -> None:
        """Drop the events up to a version."""
        self._db.execute("DELETE FROM events WHERE version <= ?", (version,))

    def newest(self) -> int:
        """Return the version of the last event; 0 where there was none."""
        return self._one("SELECT COALESCE(MAX(version), 0) FROM events")

    def oldest(self) -> int:
        """Return the version before the first event that is there."""
        return self._one("SELECT COALESCE(MIN(version), 1) FROM events") - 1

    def _link(self, place: Place, owners: Sequence[dict[str, Any]]) -> None:
        self._db.execute(f"DELETE FROM owners WHERE {_AT_PLACE}", place)  # noqa: S608 - ours
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
