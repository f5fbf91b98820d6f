"""
The types of the built-in kinds' fields, as ``structs.txt`` has them.

Knows names and types only: ``decoding`` brings objects into them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = Mapping[str, str]


NEW_EVENT = "events.Event"
"""The struct of an event of ``events.k8s.io``; that of core/v1 has the plain name."""


def fields_of(struct: str) -> Fields | None:
    """Return the types of a struct's fields by their names; None where nobody knows it."""
    return _table().get(struct)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Fields]:
    text = files(__package__).joinpath("structs.txt").read_text()
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType(
        {name: dict(field.split("=") for field in fields) for name, *fields in lines}
    )
