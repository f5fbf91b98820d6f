"""
The CustomResourceDefinition, built from the models and the rules that Python itself follows.

``deploy/crd.yaml`` is this, written down; a test keeps them equal
(``python -m datacube_api.crd > deploy/crd.yaml``). The ends are one object in the schema, since a
structural schema has no unions: what each class of ends allows is said by CEL rules.

Structural schemas:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import yaml

from datacube_api.core import EnvVar, PVCReference
from datacube_api.descriptions import described
from datacube_api.ends import END_TYPES
from datacube_api.models import Executor
from datacube_api.reference import GROUP, KIND, PLURAL, VERSION
from datacube_api.rules import (
    CRD_END_RULES,
    ENV_VAR_RULES,
    IMMUTABLE,
    SPEC_RULES,
    SUB_PATH_RULES,
    Rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel

Schema = dict[str, Any]

_RULES: dict[str, tuple[Rule, ...]] = {
    EnvVar.__name__: ENV_VAR_RULES,
    PVCReference.__name__: SUB_PATH_RULES,
}
_KEPT = ("type", "required", "pattern", "minLength", "maxLength", "minimum", "maximum", "maxItems")


def crd() -> Schema:
    """Return the manifest of the CRD, ready for the API."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "plural": PLURAL,
                "singular": KIND.lower(),
                "kind": KIND,
                "listKind": f"{KIND}List",
                "shortNames": ["dc"],
                "categories": ["all", "tensorstack"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                    "schema": {"openAPIV3Schema": described(_root())},
                }
            ],
        },
    }


def _columns() -> list[dict[str, Any]]:
    def column(name: str, path: str, kind: str = "string", priority: int = 0) -> dict[str, Any]:
        shown = {"name": name, "type": kind, "jsonPath": path}
        return {**shown, "priority": priority} if priority else shown

    return [
        column("Source", ".spec.source.type"),
        column("Sink", ".spec.sink.type"),
        column("Phase", ".status.phase"),
        column("Pod", ".status.pod.reference.name", priority=1),
        column("Failure", ".status.conditions[?(@.type=='Failed')].reason", priority=1),
        column("Age", ".metadata.creationTimestamp", "date"),
    ]


def _root() -> Schema:
    spec = _object(
        {"source": _end(), "sink": _end(), "executor": structural(Executor)},
        required=["source", "sink"],
        rules=(*SPEC_RULES, IMMUTABLE),
    )
    return _object(
        {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": _open(),
        },
        required=["spec"],
    )


def _open() -> Schema:
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _end() -> Schema:
    properties: Schema = {}
    for end in END_TYPES:
        properties.update(structural(end)["properties"])
    kinds = [end.model_fields["type"].default for end in END_TYPES]
    properties["type"] = {"type": "string", "enum": kinds}
    return _object(properties, required=["type"], rules=CRD_END_RULES)


def structural(model: type[BaseModel]) -> Schema:
    """Return a model's JSON schema as Kubernetes has it: no references, no nulls, no titles."""
    schema = model.model_json_schema(by_alias=True)
    return _converted(schema, schema.get("$defs", {}))


def _converted(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    if reference := schema.get("$ref"):
        return _converted(definitions[reference.rpartition("/")[2]], definitions)
    if choices := schema.get("anyOf"):
        return _choice([c for c in choices if c.get("type") != "null"], definitions)
    if "properties" in schema:
        fields = {k: _converted(v, definitions) for k, v in schema["properties"].items()}
        return _object(fields, schema.get("required", ()), _RULES.get(schema["title"], ()))
    if schema.get("type") == "object":
        return _open()
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if kept.get("type") == "integer":
        kept["format"] = "int32"
    if kept.get("type") == "array":
        # Atomic: the order of options carries meaning, and a merge by name would lose it.
        kept["items"] = _converted(schema["items"], definitions)
        kept["x-kubernetes-list-type"] = "atomic"
    return kept


def _choice(choices: list[Mapping[str, Any]], definitions: Mapping[str, Any]) -> Schema:
    if len(choices) == 1:
        return _converted(choices[0], definitions)
    return {"x-kubernetes-int-or-string": True}  # a Quantity: the only union of the models


def _object(
    properties: Mapping[str, Schema],
    required: Iterable[str] = (),
    rules: Iterable[Rule] = (),
) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if names := list(required):
        schema["required"] = names
    if validations := [_validation(rule) for rule in rules]:
        schema["x-kubernetes-validations"] = validations
    return schema


def _validation(rule: Rule) -> dict[str, str]:
    said = {"rule": rule.cel, "message": rule.message}
    return {**said, "fieldPath": rule.field} if rule.field else said


if __name__ == "__main__":
    sys.stdout.write("# Written by `python -m datacube_api.crd`; do not edit.\n")
    yaml.safe_dump(crd(), sys.stdout, sort_keys=False, width=100)
