"""
What of an object the schema of a custom resource keeps, and what it fills in.

A schema is read once into a ``Shape``, because every object is walked along it several times. What
is wrong with what then stands there is not asked here: see ``schema``.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning and defaulting
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.checks import INT_OR_STRING, is_integer
from datacube_runtime.local.registry.jsontext import copied

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_CONTAINERS = (dict, list)
_NESTED = (dict, list, float)
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """One place of a schema."""

    fields: Mapping[str, Shape]
    others: Shape | None
    """What the fields are that have no name in the schema."""

    items: Shape | None
    keeps_all: bool
    is_nullable: bool
    is_whole: bool
    """Whether a number without a fraction is an integer."""

    default: tuple[Any, ...]
    """The value of a field that is not there; empty where there is none."""

    defaults: tuple[tuple[str, Any], ...]
    """The fields that have one."""

    def below(self, value: Mapping[str, Any]) -> list[tuple[str, Shape]]:
        """Return the fields of a value that the schema knows."""
        fields, others = self.fields, self.others
        return [(name, shape) for name in value if (shape := fields.get(name, others)) is not None]


def shape(schema: Mapping[str, Any]) -> Shape:
    """Read a schema."""
    others, items = schema.get("additionalProperties"), schema.get("items")
    properties = schema.get("properties", {})
    return Shape(
        fields={name: shape(part) for name, part in properties.items()},
        others=shape(others) if isinstance(others, dict) else None,
        items=shape(items) if isinstance(items, dict) else None,
        keeps_all=bool(schema.get(_PRESERVE)) or others is True,
        is_nullable=bool(schema.get("nullable")),
        is_whole=bool(schema.get(INT_OR_STRING)) or schema.get("type") == "integer",
        default=(schema["default"],) if "default" in schema else (),
        defaults=tuple((n, part["default"]) for n, part in properties.items() if "default" in part),
    )


def prune(kept: Shape, obj: dict[str, Any], known: Collection[str] = ()) -> list[str]:
    """Drop the fields that are neither ``known`` nor the schema's; return their paths."""
    gone: list[str] = []
    _prune(kept, obj, "", gone, frozenset(known))
    return sorted(gone)


def _prune(kept: Shape, value: Any, path: str, gone: list[str], known: frozenset[str]) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, _CONTAINERS):
                _prune(kept.items or _NOTHING, item, f"{path}[{index}]", gone, _NONE)
        return
    below = kept.below(value)
    for name, part in below:
        if isinstance(value[name], _CONTAINERS):
            _prune(part, value[name], f"{path}.{name}" if path else name, gone, _NONE)
    if len(below) < len(value) and not kept.keeps_all:
        for name in value.keys() - dict(below).keys() - known:
            del value[name]
            gone.append(f"{path}.{name}" if path else name)


def complete(filled: Shape, value: Any) -> Any:
    """
    Drop nulls where the schema allows none, then fill in defaults, all the way down.

    Returns the value; a whole number that was written as 1.0 is 1, as which Go writes it.
    """
    if isinstance(value, dict):
        _complete_fields(filled, value)
    elif isinstance(value, list):
        items = filled.items or _NOTHING
        value[:] = [complete(items, item) for item in value]
    elif isinstance(value, float) and filled.is_whole and is_integer(value):
        return int(value)
    return value


def _complete_fields(filled: Shape, value: dict[str, Any]) -> None:
    below = filled.below(value)
    for name, part in below:
        if value[name] is None and not part.is_nullable:
            del value[name]
            for default in part.default:
                value[name] = copied(default)
    for name, default in filled.defaults:
        if name not in value:
            value[name] = copied(default)
            below.append((name, filled.fields[name]))
    for name, part in below:
        if isinstance(value.get(name), _NESTED):
            value[name] = complete(part, value[name])


_NOTHING = shape({})
