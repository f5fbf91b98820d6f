"""
CustomResourceDefinitions: what one has to look like, and what it makes the server serve.

A definition is accepted or refused as a whole when it is written; from then on its endpoints are
live. Established and NamesAccepted are therefore true from the start.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.kind import custom_kind
from datacube_runtime.local.registry.custom.rules import RuleError, Rules
from datacube_runtime.local.registry.custom.termination import TERMINATING, condition
from datacube_runtime.local.registry.errors import Cause
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.resources import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.resources import Catalog


class Definitions:
    """The definitions that are in force, and the kinds that follow from them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kinds: dict[Resource, Kind] = {}
        self._versions: dict[Resource, Mapping[str, Any]] = {}
        self._closed: set[str] = set()

    def learn(self, definition: Mapping[str, Any]) -> None:
        """Serve what a definition says, in place of what it said before."""
        name = definition["metadata"]["name"]
        self.forget(definition)
        for resource, version in _served(definition):
            self._kinds[resource] = custom_kind(resource, version)
            self._versions[resource] = version
        self._catalog.define(name, dict(_served(definition)))
        self.close_if_marked(definition)

    def close_if_marked(self, definition: Mapping[str, Any]) -> None:
        """Take no new objects of a definition that is deleted and still there."""
        if "deletionTimestamp" in definition["metadata"]:
            self._closed.add(definition["metadata"]["name"])

    def is_closed(self, resource: Resource) -> bool:
        """Tell whether a resource takes no new objects."""
        return resource.qualified in self._closed

    def forget(self, definition: Mapping[str, Any]) -> tuple[Resource, ...]:
        """Stop serving what a definition added; return what that was."""
        gone = self._catalog.undefine(definition["metadata"]["name"])
        self._closed.discard(definition["metadata"]["name"])
        for resource in gone:
            del self._kinds[resource], self._versions[resource]
        return gone

    def kind(self, resource: Resource) -> Kind:
        """Return the particulars of a custom resource."""
        return self._kinds[resource]

    def columns(self, resource: Resource) -> list[dict[str, Any]]:
        """Return ``additionalPrinterColumns`` of a resource."""
        version = self._versions.get(resource, {})
        columns: list[dict[str, Any]] = version.get("additionalPrinterColumns", [])
        return columns

    def schemas(self) -> dict[Resource, Mapping[str, Any]]:
        """Return the schema of each custom resource."""
        return {r: version["schema"]["openAPIV3Schema"] for r, version in self._versions.items()}


def _served(definition: Mapping[str, Any]) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    spec = definition["spec"]
    names = spec["names"]
    for version in sorted(spec["versions"], key=lambda v: not v.get("storage")):
        if not version.get("served"):
            continue
        resource = Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames", ())),
            categories=tuple(names.get("categories", ())),
            has_status="status" in version.get("subresources", {}),
            singular=names.get("singular", ""),
            list_kind=names.get("listKind", ""),
            is_custom=True,
        )
        yield resource, version


def _admit(obj: dict[str, Any], _write: Write) -> None:
    """Fill in the names that follow from others, and the status that says all is well."""
    spec = obj.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("names"), dict):
        return
    names, versions = spec["names"], spec.get("versions") or []
    kind = names.get("kind", "")
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    since, said = obj["metadata"]["creationTimestamp"], obj.get("status") or {}
    obj["status"] = {
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found", since),
            condition(
                "Established", "InitialNamesAccepted", "the initial names have been accepted", since
            ),
            *(c for c in said.get("conditions", ()) if c["type"] == TERMINATING),
        ],
        "acceptedNames": names,
        "storedVersions": [v.get("name") for v in versions if v.get("storage")],
    }


def _problems(
    new: dict[str, Any], _old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    spec = new.get("spec")
    if not isinstance(spec, dict):
        return [Cause("FieldValueRequired", "spec", "Required value")]
    found = [
        Cause("FieldValueRequired", f"spec.{field}", "Required value")
        for field in ("group", "scope", "names", "versions")
        if not spec.get(field)
    ]
    found += [
        Cause("FieldValueRequired", f"spec.names.{field}", "Required value")
        for field in ("plural", "kind")
        if isinstance(spec.get("names"), dict) and not spec["names"].get(field)
    ]
    if found:
        return found
    expected = f"{spec['names']['plural']}.{spec['group']}"
    if (name := new["metadata"].get("name")) != expected:
        message = f'Invalid value: "{name}": must be spec.names.plural+"."+spec.group'
        found.append(Cause("FieldValueInvalid", "metadata.name", message))
    if sum(bool(version.get("storage")) for version in spec["versions"]) != 1:
        message = "must have exactly one version marked as storage version"
        message = f"Invalid value: {_shown(spec['versions'])}: {message}"
        found.append(Cause("FieldValueInvalid", "spec.versions", message))
    if not any(version.get("storage") for version in spec["versions"]):
        message = "Invalid value: null: must have at least one stored version"
        found.append(Cause("FieldValueInvalid", "status.storedVersions", message))
    return found + _rule_problems(new)


def _shown(versions: Sequence[Mapping[str, Any]]) -> str:
    """
    Return versions as a refusal shows them: in the form in which a real server checks.

    There what all versions have in common, their schema first of all, stands above them.
    """
    return json.dumps(
        [
            {
                "Name": version.get("name", ""),
                "Served": bool(version.get("served")),
                "Storage": bool(version.get("storage")),
                "Deprecated": bool(version.get("deprecated")),
                "DeprecationWarning": version.get("deprecationWarning"),
                "Schema": None,
                "Subresources": None,
                "AdditionalPrinterColumns": None,
                "SelectableFields": None,
            }
            for version in versions
        ],
        separators=(",", ":"),
    )


def _rule_problems(definition: Mapping[str, Any]) -> list[Cause]:
    found = []
    for index, version in enumerate(definition["spec"]["versions"]):
        schema_path = f"spec.versions[{index}].schema.openAPIV3Schema"
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            message = "Required value: schemas are required"
            found.append(Cause("FieldValueRequired", schema_path, message))
    if found:
        return found
    versions = definition["spec"]["versions"]
    schemas = [version["schema"]["openAPIV3Schema"] for version in versions]
    if all(schema == schemas[0] for schema in schemas):
        # One schema for all versions stands above them in the form in which a real server checks.
        return _uncompiled(schemas[0], "spec.validation.openAPIV3Schema")
    for index, schema in enumerate(schemas):
        found += _uncompiled(schema, f"spec.versions[{index}].schema.openAPIV3Schema")
    return found


def _uncompiled(schema: Mapping[str, Any], path: str) -> list[Cause]:
    try:
        Rules(schema)
    except RuleError as error:
        message = f"Invalid value: compilation failed: {error}"
        return [Cause("FieldValueInvalid", f"{path}.{error.path}", message)]
    return []


DEFINITION_KIND = Kind(admit=_admit, problems=_problems, has_generation=True, updates_blindly=False)
