"""Where the page looks for DataCubes: pure, from ``[datacube] ui_connections``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "kubernetes_default"


@dataclass(frozen=True)
class Place:
    """A namespace behind a connection; the connection's own one where none is named."""

    conn_id: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.conn_id}@{self.namespace}" if self.namespace else self.conn_id


def places_of(setting: str) -> tuple[Place, ...]:
    """
    Read ``connection, connection@namespace, …``, each once, in that order.

    :raises ValueError: names the entry that is no such thing, and the mend.
    """
    entries = [entry.strip() for entry in setting.split(",")]
    places = [_place(entry) for entry in entries if entry]
    if not places:
        raise ValueError(
            f"[datacube] ui_connections is empty: name a connection, such as {DEFAULT}"
        )
    return tuple(dict.fromkeys(places))


def _place(entry: str) -> Place:
    conn_id, at, namespace = (part.strip() for part in entry.partition("@"))
    if not conn_id or bool(at) != bool(namespace) or "@" in namespace:
        raise ValueError(
            f"[datacube] ui_connections: {entry!r} is neither a connection nor "
            "connection@namespace; separate entries by commas"
        )
    return Place(conn_id, namespace)
