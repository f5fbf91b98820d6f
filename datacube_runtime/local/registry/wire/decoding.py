"""
Objects of built-in kinds, brought into the types of their fields as Go's decoder does it.

What is unknown is dropped and told by its path; null is absent, and within a list or a map the
empty value; a value of another type refuses the whole object. Scalars are written as Go writes
them. An error repeats numbers and times alone: any other value may be a secret.

Source: d.object, d.array and d.literalStore in sigs.k8s.io/json, internal/golang/encoding/json
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.wire.scalars import SCALARS, DecodingError, json_name
from datacube_runtime.local.registry.wire.structs import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.local.registry.wire.structs import Fields

_EMPTY: dict[str, Any] = {"s": "", "y": "", "q": "0", "i": 0, "l": 0, "f": 0, "o": False, "x": 0}
_GO_NAMES = {
    "s": "string", "i": "int32", "l": "int64", "f": "float64", "o": "bool", "y": "[]uint8",
    "q": "resource.Quantity", "t": "string", "u": "string", "x": "int32", "-": "interface {}",
}  # fmt: skip


def decode(struct: str, value: Any, path: str = "") -> list[str]:
    """
    Bring what stands at ``path`` into the types of a struct, in place; return unknown paths.

    :raises DecodingError: something in it is of another type.
    """
    decoder = _Decoder()
    decoder.struct(struct, value, path, "")
    return decoder.unknown


class _Decoder:
    """
    One walk through an object.

    ``at`` is where something stands, with the places in lists: so unknown fields are told. ``said``
    is without these, after the innermost struct's name: so errors are told.
    """

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def struct(self, name: str, value: Any, at: str, said: str, within: str = "") -> Any:
        fields: Fields = fields_of(name) or {}
        if not isinstance(value, dict):
            raise _misfit(value, within, said, f"v1.{name}")
        for field in list(value):
            below = f"{at}.{field}" if at else field
            if (kind := fields.get(field)) is None:
                self.unknown.append(below)
                del value[field]
            elif value[field] is None:
                del value[field]
            else:
                path = f"{said}.{field}" if said else field
                value[field] = self._value(kind, value[field], below, path, name)
        return value

    def _value(self, kind: str, value: Any, at: str, said: str, within: str) -> Any:
        if scalar := SCALARS.get(kind):
            return _scalar(scalar, kind, value, (within, said))
        if kind[0] == "~":
            return self._perhaps(kind[1:], value, at, said, within)
        if kind[0] == "*":
            return self._list(kind[1:], value, at, said, within)
        if kind[0] == "{":
            return self._map(kind[1:], value, at, said, within)
        return self.struct(kind, value, at, said, within)

    def _list(self, kind: str, value: Any, at: str, said: str, within: str) -> Any:
        if not isinstance(value, list):
            raise _misfit(value, within, said, f"[]{_go_name(kind)}")
        for index, item in enumerate(value):
            below = _empty(kind) if item is None else item
            value[index] = self._value(kind, below, f"{at}[{index}]", said, within)
        return value

    def _map(self, kind: str, value: Any, at: str, said: str, within: str) -> Any:
        if not isinstance(value, dict):
            raise _misfit(value, within, said, _map_name(kind))
        for key, item in value.items():
            below = _empty(kind) if item is None else item
            value[key] = self._value(kind, below, f"{at}.{key}", said, within)
        return value

    def _perhaps(self, kind: str, value: Any, at: str, said: str, within: str) -> Any:
        return self.struct(kind, value, at, said, within) if isinstance(value, dict) else value


def _scalar(scalar: Callable[[Any], Any], kind: str, value: Any, where: tuple[str, str]) -> Any:
    try:
        return scalar(value)
    except TypeError:
        raise _misfit(value, *where, _GO_NAMES[kind]) from None


def _misfit(value: Any, within: str, said: str, wanted: str) -> DecodingError:
    place = f"struct field {within.rpartition('.')[2]}.{said}" if said else "value"
    what = json_name(value)
    if what == "number" and wanted in ("int32", "int64"):
        what = f"number {value}"
    return DecodingError(f"json: cannot unmarshal {what} into Go {place} of type {wanted}")


def _empty(kind: str) -> Any:
    if kind[0] == "*":
        return []
    return _EMPTY.get(kind, {})


def _go_name(kind: str) -> str:
    if kind[0] == "*":
        return f"[]{_go_name(kind[1:])}"
    return _GO_NAMES.get(kind) or f"v1.{kind}"


def _map_name(kind: str) -> str:
    return "v1.ResourceList" if kind == "q" else f"map[string]{_go_name(kind)}"
