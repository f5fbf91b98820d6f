"""
What the built-in kinds are made of, read out of the official client's models.

Run it to write the table anew: ``python -m tests.contract.structs``. The models were generated from
Kubernetes' own OpenAPI document, but have lost its formats, so those stand here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kubernetes_asyncio.client import models

TABLE = Path(__file__).parents[2] / "datacube_runtime/local/registry/wire/structs.txt"
_HEAD = """\
# What the objects of the built-in kinds are made of, a struct a line: NAME FIELD=TYPE …
#
# TYPE is s string, i int32, l int64, f float64, o boolean, y base64, q quantity, t time, u time
# with microseconds, x number or string, - anything, or a NAME of this list; before it stands * for
# a list, { for a map, ~ for what may be anything else too.
#
# Source: the models of the Python package kubernetes_asyncio 36 (Apache-2.0), read by
# tests/contract/structs.py.
"""
_ROOTS = (
    "CoreV1Event", "EventsV1Event", "V1Binding", "V1ConfigMap", "V1CustomResourceDefinition",
    "V1Job", "V1Lease", "V1Namespace", "V1Node", "V1PersistentVolumeClaim", "V1Pod", "V1Secret",
    "V1SelfSubjectAccessReview", "V1SelfSubjectReview", "V1SelfSubjectRulesReview",
)  # fmt: skip
_SCALARS = {"str": "s", "bool": "o", "float": "f", "datetime": "t", "object": "-"}
_INT64 = {
    "activeDeadlineSeconds", "deletionGracePeriodSeconds", "expirationSeconds", "fsGroup",
    "generation", "gid", "maxItems", "maxLength", "maxProperties", "minItems", "minLength",
    "minProperties", "observedGeneration", "runAsGroup", "runAsUser", "seconds", "sizeBytes",
    "supplementalGroups", "terminationGracePeriodSeconds", "tolerationSeconds", "uid",
}  # fmt: skip
_QUANTITIES = {
    "allocatable", "allocatedResources", "capacity", "divisor", "limits", "overhead", "requests",
    "resources", "sizeLimit",
}  # fmt: skip
_FORMATS = {
    ("Secret", "data"): "{y",
    ("ConfigMap", "binaryData"): "{y",
    ("WebhookClientConfig", "caBundle"): "y",
    ("LeaseSpec", "acquireTime"): "u",
    ("LeaseSpec", "renewTime"): "u",
    ("Event", "eventTime"): "u",
    ("EventSeries", "lastObservedTime"): "u",
    ("events.Event", "eventTime"): "u",
    ("events.EventSeries", "lastObservedTime"): "u",
    ("NodeSwapStatus", "capacity"): "l",
    ("ResourceRule", "resources"): "*s",
    ("HTTPGetAction", "port"): "x",
    ("TCPSocketAction", "port"): "x",
    ("JSONSchemaProps", "items"): "~JSONSchemaProps",
    ("JSONSchemaProps", "additionalItems"): "~JSONSchemaProps",
    ("JSONSchemaProps", "additionalProperties"): "~JSONSchemaProps",
    ("JSONSchemaProps", "dependencies"): "{-",
}


def table() -> str:
    """Return the table as it has to be committed."""
    found: dict[str, dict[str, str]] = {}
    for root in _ROOTS:
        _read(root, found)
    lines = (
        " ".join([name, *(f"{field}={kind}" for field, kind in sorted(found[name].items()))])
        for name in sorted(found)
    )
    return _HEAD + "\n".join(lines) + "\n"


def _read(model: str, found: dict[str, dict[str, str]]) -> None:
    name = _named(model)
    if name in found:
        return
    described: Any = getattr(models, model)
    fields = found[name] = {}
    for attribute, kind in described.openapi_types.items():
        field = described.attribute_map[attribute]
        fields[field] = _FORMATS.get((name, field)) or _typed(field, kind)
        for word in re.findall(r"\w+", kind):
            if hasattr(models, word):
                _read(word, found)


def _typed(field: str, kind: str) -> str:
    if listed := re.fullmatch(r"list\[(.+)\]", kind):
        return "*" + _typed(field, listed[1])
    if mapped := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return "{" + _typed(field, mapped[1])
    if kind == "int":
        return "l" if field in _INT64 else "i"
    if kind == "str" and field in _QUANTITIES:
        return "q"
    return _SCALARS.get(kind) or _named(kind)


def _named(model: str) -> str:
    """Return what a model is called in Go: without its version, and its group where it can be."""
    return re.sub(r"^(Core|Apiextensions)?V1", "", re.sub("^EventsV1", "events.", model))


if __name__ == "__main__":
    TABLE.write_text(table())
