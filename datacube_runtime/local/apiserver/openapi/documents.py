"""
The documents of OpenAPI version 3, one for each API version, and their index.

kubectl will not create anything before it has read them: there it looks up whether the server
checks fields itself. They say yes (``fieldValidation``), and what the kinds are made of, so that
``kubectl explain`` works. A document is made when somebody first asks, and has a hash, so that a
client that keeps it need not ask again.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/, and
k8s.io/kube-openapi/pkg/handler3/handler.go
"""

from __future__ import annotations

import json
from hashlib import sha512
from typing import TYPE_CHECKING, Any, NamedTuple

from datacube_runtime.local.apiserver.discovery import VERSION
from datacube_runtime.local.apiserver.openapi import structs
from datacube_runtime.local.registry.errors import UnknownPlaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from datacube_runtime.local.registry.resources import Catalog, Resource

    Schemas = Mapping[Resource, Mapping[str, Any]]

_COMPACT = (",", ":")


class Document(NamedTuple):
    """The document of one API version, written out."""

    text: bytes
    hash: str


class Documents:
    """Makes documents; remembers those that cannot change while the server runs."""

    def __init__(self, catalog: Catalog, custom: Callable[[], Schemas]) -> None:
        """Make documents of what is served; ``custom`` returns the schemas that may change."""
        self._catalog, self._custom = catalog, custom
        self._made: dict[tuple[str, str], Document] = {}

    def index(self) -> dict[str, Any]:
        """Return the answer to ``/openapi/v3``: where the document of each version is."""
        versions = [
            (group, version)
            for group, versions in self._catalog.group_versions().items()
            for version in versions
        ]
        return {"paths": {_root(*v): {"serverRelativeURL": self.place(*v)} for v in versions}}

    def place(self, group: str, version: str) -> str:
        """Return where the document of a version is, as it is now."""
        return f"/openapi/v3/{_root(group, version)}?hash={self.document(group, version).hash}"

    def document(self, group: str, version: str) -> Document:
        """
        Return the document of an API version.

        :raises UnknownPlaceError: there is no such version.
        """
        if made := self._made.get((group, version)):
            return made
        found = [r for r in self._catalog if (r.group, r.version) == (group, version)]
        if not found:
            raise UnknownPlaceError("")
        text = json.dumps(_document(found, self._custom()), separators=_COMPACT).encode()
        made = Document(text, sha512(text).hexdigest().upper())
        if not found[0].is_custom:
            self._made[group, version] = made
        return made


def _document(found: Iterable[Resource], custom: Schemas) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for resource in found:
        schemas.update(_custom(resource, custom) if resource.is_custom else _built_in(resource))
        schemas[_schema_name(resource)]["x-kubernetes-group-version-kind"] = [_identity(resource)]
    return {
        "openapi": "3.0.0",
        "info": {"title": "datacube-local", "version": VERSION["gitVersion"]},
        "paths": {_path(resource): _operations(resource) for resource in found},
        "components": {"schemas": schemas},
    }


def _custom(resource: Resource, custom: Schemas) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _schema_name(resource), {"type": "object", **custom.get(resource, {})}


def _built_in(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    if resource.is_looked_for:
        yield _schema_name(resource), {"type": "object"}
    else:
        yield from structs.schemas(structs.struct_of(resource))


def _identity(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema_name(resource: Resource) -> str:
    if not resource.is_custom and not resource.is_looked_for:
        return structs.schema_name(structs.struct_of(resource))
    words = [*reversed((resource.group or "core.api.k8s.io").split(".")), resource.version]
    return ".".join((*words, resource.kind))


def _root(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _path(resource: Resource) -> str:
    where = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"/{_root(resource.group, resource.version)}{where}/{resource.plural}/{{name}}"


def _operations(resource: Resource) -> dict[str, Any]:
    """Say that writes check fields: kubectl looks for exactly this before it sends one."""
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    identity = _identity(resource)
    return {
        verb: {
            "parameters": parameters,
            "x-kubernetes-action": verb,
            "x-kubernetes-group-version-kind": identity,
            "responses": {"200": {"description": "OK"}},
        }
        for verb in ("patch", "put", "post")
    }
