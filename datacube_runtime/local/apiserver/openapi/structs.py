"""
The schemas of the built-in kinds, made of the types that their fields are decoded by.

So ``kubectl explain`` knows of each field what this server knows: its name and its type. What a
field means, and which ones are required, the table of types does not say.

Source: ``GetOpenAPIDefinitionName`` in k8s.io/apiserver/pkg/endpoints/openapi/openapi.go for the
names, the document of a real server for the forms
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.resources import BUILT_IN, NEW_EVENTS
from datacube_runtime.local.registry.wire.structs import NEW_EVENT, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.resources import Resource

    Schema = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_META_STRUCTS = frozenset(
    {
        "FieldSelectorRequirement", "LabelSelector", "LabelSelectorRequirement",
        "ManagedFieldsEntry", "ObjectMeta", "OwnerReference",
    }
)  # fmt: skip
_CORE = "io.k8s.api.core.v1"
_DEFINITIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
_TIME: Mapping[str, Any] = {"type": "string", "format": "date-time"}
_SHARED: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "q": (
            "io.k8s.apimachinery.pkg.api.resource.Quantity",
            {"oneOf": [{"type": "string"}, {"type": "number"}]},
        ),
        "t": (f"{_META}.Time", _TIME),
        "u": (f"{_META}.MicroTime", _TIME),
        "x": (
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
            {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
        ),
    }
)
"""The single values that have a name and a schema of their own."""

_PLAIN: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "s": {"type": "string"},
        "i": {"type": "integer", "format": "int32"},
        "l": {"type": "integer", "format": "int64"},
        "f": {"type": "number", "format": "double"},
        "o": {"type": "boolean"},
        "y": {"type": "string", "format": "byte"},
        "-": {"type": "object"},
    }
)


def struct_of(resource: Resource) -> str:
    """Return the name of the struct that the objects of a built-in resource are."""
    return NEW_EVENT if resource == NEW_EVENTS else resource.kind


def schema_name(struct: str) -> str:
    """Return under which name the schema of a struct stands."""
    if struct in _META_STRUCTS:
        return f"{_META}.{struct}"
    return f"{_packages()[struct]}.{struct.rpartition('.')[2]}"


def schemas(struct: str) -> Iterator[tuple[str, Schema]]:
    """Yield the schema of a struct, and all that it refers to, with their names."""
    for name in _reached(struct):
        fields = fields_of(name) or {}
        properties = {field: _property(kind) for field, kind in fields.items()}
        yield schema_name(name), {"type": "object", "properties": properties}
        for kind in fields.values():
            if shared := _SHARED.get(kind.lstrip("*{")):
                yield shared[0], dict(shared[1])


def _property(kind: str) -> Schema:
    """Return the schema of a field: a reference stands below it, so that it can say more."""
    schema = _schema(kind)
    return {"allOf": [schema]} if "$ref" in schema else schema


def _schema(kind: str) -> Schema:
    if kind[0] == "*":
        return {"type": "array", "items": _schema(kind[1:])}
    if kind[0] == "{":
        return {"type": "object", "additionalProperties": _schema(kind[1:])}
    if kind[0] == "~":  # it may be of another type, too
        return {}
    if plain := _PLAIN.get(kind):
        return dict(plain)
    name = _SHARED[kind][0] if kind in _SHARED else schema_name(kind)
    return {"$ref": f"#/components/schemas/{name}"}


def _reached(struct: str) -> Iterator[str]:
    """Yield a struct and those that its fields are made of, each once."""
    seen, due = {struct}, [struct]
    while due:
        name = due.pop()
        yield name
        kinds = (kind.lstrip("*{~") for kind in (fields_of(name) or {}).values())
        new = {kind for kind in kinds if fields_of(kind) is not None} - seen
        seen |= new
        due += sorted(new)


@cache
def _packages() -> Mapping[str, str]:
    """Return where each struct is at home: in the first group that has it, core before all."""
    found = {"PodTemplateSpec": _CORE}  # which of the kinds here only those of batch have
    for resource in sorted((r for r in BUILT_IN if not r.is_looked_for), key=lambda r: r.group):
        group = resource.group.partition(".")[0] or "core"
        package = f"io.k8s.api.{group}.{resource.version}"
        for struct in _reached(struct_of(resource)):
            found.setdefault(struct, _DEFINITIONS if group == "apiextensions" else package)
    return found
