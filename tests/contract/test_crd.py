"""deploy/crd.yaml is what the models say, and a structural schema as the API server demands it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from datacube_api.crd import crd

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).resolve().parents[2] / "deploy" / "crd.yaml"
VERSION = crd()["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]


def walk(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")


NODES = dict(walk(SCHEMA))


def test_the_file_is_what_the_models_say() -> None:
    assert yaml.safe_load(FILE.read_text()) == crd()


@pytest.mark.parametrize("path", NODES)
def test_the_schema_is_structural(path: str) -> None:
    """https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema"""
    node = NODES[path]
    assert "type" in node or node.get("x-kubernetes-int-or-string")
    assert not {"$ref", "$defs", "title", "anyOf", "oneOf", "additionalProperties"} & set(node)


@pytest.mark.parametrize("path", NODES)
def test_rules_are_affordable_and_point_at_a_field_that_is_there(path: str) -> None:
    """The API server prices CEL by the bounds, and refuses a fieldPath that the schema lacks."""
    node = NODES[path]
    if node.get("type") == "array":
        assert node["maxItems"] <= 64
    for rule in node.get("x-kubernetes-validations", ()):
        assert f"{path}{rule.get('fieldPath', '')}" in NODES


@pytest.mark.parametrize("path", [path for path in NODES if not path.endswith("[]")])
def test_every_field_says_what_it_means(path: str) -> None:
    """`kubectl explain` shows it; what the API itself owns, the API explains."""
    is_own = path in (".apiVersion", ".kind", ".metadata")
    assert ("description" in NODES[path]) is not is_own


def test_the_order_of_options_is_kept_by_a_merge() -> None:
    for end in ("source", "sink"):
        assert NODES[f".spec.{end}.options"]["x-kubernetes-list-type"] == "atomic"


def test_people_type_little() -> None:
    names = crd()["spec"]["names"]
    assert names["shortNames"] == ["dc"]
    assert "all" in names["categories"]
    shown = [c["name"] for c in VERSION["additionalPrinterColumns"] if not c.get("priority")]
    assert shown == ["Source", "Sink", "Phase", "Age"]
