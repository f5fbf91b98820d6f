"""
Whether an applied object fits the types of its fields, before anything is made of it.

Server-side apply is stricter than a create: a field that nobody knows is an error, not a warning.
What is looked at is the type, never the content: a text that is no time passes here.

Source: typed/validate.go in https://github.com/kubernetes-sigs/structured-merge-diff
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from datacube_runtime.local.registry.fields.ownership import indexed
from datacube_runtime.local.registry.fields.sets import shown
from datacube_runtime.local.registry.wire.scalars import json_name
from datacube_runtime.local.registry.wire.structs import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacube_runtime.local.registry.fields.types import Type
    from datacube_runtime.local.registry.resources import Resource

STRING, NUMERIC, BOOLEAN, LIST, MAP, ANY = "string", "numeric", "boolean", "list", "map", ""
_SCALARS = {
    "s": STRING, "t": STRING, "u": STRING, "y": STRING, "i": NUMERIC, "l": NUMERIC, "f": NUMERIC,
    "o": BOOLEAN, "q": ANY, "x": ANY, "-": ANY,
}  # fmt: skip
_PYTHON = {STRING: str, BOOLEAN: bool, LIST: list, MAP: dict}


class _Form(Protocol):
    """What stands somewhere: of which type it is, and what is below."""

    @property
    def wants(self) -> str: ...

    @property
    def item(self) -> _Form: ...

    def field(self, name: str) -> _Form | None: ...


@dataclass(frozen=True)
class _Struct:
    """The form of a built-in field, by its word in the table of structs."""

    word: str

    @property
    def wants(self) -> str:
        if self.word in _SCALARS:
            return _SCALARS[self.word]
        return {"*": LIST, "{": MAP, "~": ANY}.get(self.word[0], MAP)

    @property
    def item(self) -> _Form:
        return _Struct(self.word[1:])

    def field(self, name: str) -> _Form | None:
        if self.word[0] == "{":
            return self.item
        if (fields := fields_of(self.word)) is None:
            return _Struct("-")
        return _Struct(fields[name]) if name in fields else None


@dataclass(frozen=True)
class _Schema:
    """The form of a field of a custom resource."""

    kind: Type
    is_root: bool = False

    @property
    def wants(self) -> str:
        return MAP if self.is_root else self.kind.wants

    @property
    def item(self) -> _Form:
        return _Schema(self.kind.item)

    def field(self, name: str) -> _Form | None:
        if self.is_root and name in ("apiVersion", "kind", "metadata"):
            return _Struct("ObjectMeta" if name == "metadata" else "s")
        if self.kind.is_closed and name not in self.kind.fields:
            return None
        return _Schema(self.kind.child(name))


def misfits(resource: Resource, kind: Type, obj: dict[str, Any], *, is_secret: bool) -> str:
    """Return what does not fit, in a real server's words; a secret's values are not repeated."""
    form = _Schema(kind, is_root=True) if resource.is_custom else _Struct(resource.kind)
    walk = _Walk(_hidden if is_secret else _go)
    found = list(dict.fromkeys(walk.misfits(form, kind, obj, "")))
    return found[0] if len(found) == 1 else "\n  ".join(["errors:", *found]) if found else ""


@dataclass(frozen=True)
class _Walk:
    shown: Callable[[Any, bool], str]

    def misfits(self, form: _Form, kind: Type, value: Any, path: str) -> Iterator[str]:
        """Yield what does not fit; null fits everywhere."""
        wants = form.wants
        if value is None or wants == ANY:
            return
        if wants == NUMERIC:
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield f"{path}: expected numeric (int or float), got {_go_type(value)}"
        elif not isinstance(value, _PYTHON[wants]):
            yield f"{path}: expected {wants}, got {self.shown(value, wants == STRING)}"
        elif isinstance(value, dict):
            yield from self._fields(form, kind, value, path)
        elif isinstance(value, list):
            yield from self._items(form, kind, value, path)

    def _fields(self, form: _Form, kind: Type, value: dict[str, Any], path: str) -> Iterator[str]:
        for name, part in value.items():
            if (below := form.field(name)) is None:
                yield f"{path}.{name}: field not declared in schema"
            else:
                yield from self.misfits(below, kind.child(name), part, f"{path}.{name}")

    def _items(self, form: _Form, kind: Type, value: list[Any], path: str) -> Iterator[str]:
        if not kind.divides_lists:
            for index, item in enumerate(value):
                yield from self.misfits(form.item, kind.item, item, f"{path}[{index}]")
            return
        for index, item in enumerate(value):
            if kind.keys and not isinstance(item, dict):
                why = "associative list with keys may not have non-map elements"
                yield f"{path}: element {index}: {why}"
                return
        for step, items in indexed(kind, value).items():
            if len(items) > 1:
                yield f"{path}: duplicate entries for key {shown(step)}"
            yield from self.misfits(form.item, kind.item, items[0], path + shown(step))


def _hidden(value: Any, _is_verbose: bool) -> str:  # noqa: FBT001 - as _go
    return json_name(value)


def _go(value: Any, is_verbose: bool) -> str:  # noqa: FBT001 - which of Go's two ways
    """Return a value as Go prints a wrapped one: by ``%#v`` or by ``%v``."""
    if is_verbose:
        return f"&value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    return f"&{{{_go_text(value)}}}"


def _go_syntax(value: Any) -> str:
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    if isinstance(value, dict):
        parts = (f"{json.dumps(k)}:{_go_syntax(v)}" for k, v in sorted(value.items()))
        return f"map[string]interface {{}}{{{', '.join(parts)}}}"
    return "interface {}(nil)" if value is None else json.dumps(value, ensure_ascii=False)


def _go_text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{' '.join(map(_go_text, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{k}:{_go_text(v)}' for k, v in sorted(value.items()))}]"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else json.dumps(value)


def _go_type(value: Any) -> str:
    names = {bool: "bool", str: "string", list: "[]interface {}", dict: "map[string]interface {}"}
    return names[type(value)]
