"""
Items that may not stand in a list twice: those of sets, and those of maps by their key.

The schema is read once into the places where such lists are, or lead to: mostly there are few, and
the rest of an object is not walked.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIST_TYPE = "x-kubernetes-list-type"
_LIST_KEYS = "x-kubernetes-list-map-keys"
_UNIQUE = ("map", "set")


@dataclass(frozen=True, slots=True)
class Twins:
    """One place of a schema that is such a list, or leads to one."""

    fields: Mapping[str, Twins]
    others: Twins | None
    items: Twins | None
    kind: str
    keys: tuple[str, ...]

    def found(self, value: Any, path: str = "") -> Iterator[Cause]:
        """Yield the items of a value that have a twin before them."""
        if isinstance(value, dict):
            for name, below in value.items():
                if part := self.fields.get(name, self.others):
                    yield from part.found(below, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            yield from self._found_in_list(value, path)

    def _found_in_list(self, items: list[Any], path: str) -> Iterator[Cause]:
        seen: list[Any] = []
        for index, item in enumerate(items):
            if self.items:
                yield from self.items.found(item, f"{path}[{index}]")
            if self.kind not in _UNIQUE:
                continue
            identity = item
            if self.kind == "map" and isinstance(item, dict):
                identity = {key: item[key] for key in self.keys if key in item}
            if identity in seen:
                message = f"Duplicate value: {json.dumps(identity, separators=(',', ':'))}"
                yield Cause("FieldValueDuplicate", f"{path}[{index}]", message)
            seen.append(identity)


def twins(schema: Any) -> Twins | None:
    """Read a schema; None where no such list is in it."""
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties", {}).items()
    named = {name: part for name, below in properties if (part := twins(below))}
    kind = schema.get(_LIST_TYPE, "")
    part = Twins(
        fields=named,
        others=twins(schema.get("additionalProperties")),
        items=twins(schema.get("items")),
        kind=kind,
        keys=tuple(schema.get(_LIST_KEYS, ())),
    )
    is_any = kind in _UNIQUE or part.others or part.items or named
    return part if is_any else None
