"""
The rows of all places of one process, and what changed since somebody looked: pure bookkeeping.

Each change has a number. A viewer says which was the last that it knows, and gets what came after;
one who knows another process's numbers, or has been away for too long, gets everything.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_datacube._page.places import Place
    from airflow_provider_datacube._page.rows import Row

_MOST_GONE: Final = 5_000


class Standing(TypedDict):
    """How the page is doing at a place: ``reading``, ``live``, ``polling`` or ``trouble``."""

    conn_id: str
    namespace: str
    state: str
    message: str


class Changes(NamedTuple):
    """What a viewer does not know yet; ``is_all``: everything that there is."""

    cursor: str
    is_all: bool
    rows: list[Row]
    gone: list[str]
    standings: list[Standing]


class Board:
    """What is known now."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.epoch = secrets.token_hex(4)
        self.number = 0
        self._rows: dict[Place, dict[str, Row]] = {}
        self._since: dict[str, int] = {}
        self._gone: deque[tuple[int, str]] = deque(maxlen=_MOST_GONE)
        self._standings: dict[Place, Standing] = {}
        for place in places:
            self._rows[place] = {}
            self.stand(place, "reading")

    def row(self, key: str) -> Row | None:
        """Return a row by its key."""
        return next((rows[key] for rows in self._rows.values() if key in rows), None)

    def rows_of(self, place: Place) -> Iterable[Row]:
        """Return the rows of one place."""
        return self._rows[place].values()

    @property
    def is_unread(self) -> bool:
        """Whether no place has been read yet."""
        states = [standing["state"] for standing in self._standings.values()]
        return bool(states) and all(state == "reading" for state in states)

    @property
    def is_being_read(self) -> bool:
        """Whether some place has not been read yet."""
        return any(standing["state"] == "reading" for standing in self._standings.values())

    @property
    def cursor(self) -> str:
        """The number of the last change, with a mark of who counts."""
        return f"{self.epoch}.{self.number}"

    def stand(self, place: Place, state: str, message: str = "", namespace: str = "") -> None:
        """Note how a place is doing."""
        old = self._standings.get(place)
        namespace = namespace or (old["namespace"] if old else place.namespace)
        new: Standing = {
            "conn_id": place.conn_id,
            "namespace": namespace,
            "state": state,
            "message": message,
        }
        if new != old:
            self._standings[place] = new
            self.number += 1

    def put(self, place: Place, row: Row) -> None:
        """Note a row as its object is now; how far its pod was, stays."""
        old = self._rows[place].get(row["key"])
        if old is not None and old["pod"] == row["pod"]:
            row = {**row, "fraction": old["fraction"]}
        self._set(place, row)

    def tell_fraction(self, place: Place, key: str, fraction: float) -> None:
        """Note how far a DataCube is, if it is still there."""
        if row := self._rows[place].get(key):
            self._set(place, {**row, "fraction": fraction})

    def _set(self, place: Place, row: Row) -> None:
        if self._rows[place].get(row["key"]) != row:
            self._rows[place][row["key"]] = row
            self.number += 1
            self._since[row["key"]] = self.number

    def drop(self, place: Place, key: str) -> None:
        """Note that a DataCube is gone."""
        if self._rows[place].pop(key, None) is not None:
            self.number += 1
            self._since.pop(key, None)
            self._gone.append((self.number, key))

    def keep_only(self, place: Place, rows: Mapping[str, Row]) -> None:
        """Note all rows that there are at a place."""
        for key in [key for key in self._rows[place] if key not in rows]:
            self.drop(place, key)
        for row in rows.values():
            self.put(place, row)

    def changes(self, cursor: str) -> Changes:
        """Return what came after a cursor, or everything."""
        known = self._read(cursor)
        standings = list(self._standings.values())
        rows = [row for rows in self._rows.values() for row in rows.values()]
        if known is None:
            return Changes(self.cursor, True, rows, [], standings)  # noqa: FBT003 - a field's value
        new = [row for row in rows if self._since[row["key"]] > known]
        gone = [key for number, key in self._gone if number > known]
        return Changes(self.cursor, False, new, gone, standings)  # noqa: FBT003 - a field's value

    def _read(self, cursor: str) -> int | None:
        """Return the number of a cursor; None where it is not ours or too old."""
        epoch, _, number = cursor.partition(".")
        if epoch != self.epoch or not number.isdecimal() or int(number) > self.number:
            return None
        forgot = self._gone[0][0] if len(self._gone) == _MOST_GONE else 0
        return int(number) if int(number) >= forgot else None
