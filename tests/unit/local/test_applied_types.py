from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.fields.typed import misfits
from datacube_runtime.local.registry.fields.types import Type, built_in_type, custom_type
from datacube_runtime.local.registry.resources import CONFIG_MAPS, PODS, SECRETS, Resource

THINGS = Resource("example.org", "v1", "things", "Thing", is_custom=True)
TEXT = {"type": "string"}
KIND = custom_type(
    {
        "type": "object",
        "properties": {
            "text": TEXT,
            "whole": {"type": "integer"},
            "flag": {"type": "boolean"},
            "either": {"x-kubernetes-int-or-string": True},
            "list": {"type": "array", "items": TEXT},
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
            "map": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": TEXT, "value": TEXT}},
            },
            "entries": {"type": "object", "additionalProperties": TEXT},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
)


def said(obj: dict[str, Any], resource: Resource = THINGS, kind: Type | None = None) -> str:
    return misfits(resource, kind or built_in_type(resource), obj, is_secret=resource == SECRETS)


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"foo": 1}, ".foo: field not declared in schema"),
        ({"text": 1}, ".text: expected string, got &value.valueUnstructured{Value:1}"),
        (
            {"text": [1, "a"]},
            '.text: expected string, got &value.valueUnstructured{Value:[]interface {}{1, "a"}}',
        ),
        (
            {"text": {"b": None}},
            (
                ".text: expected string, got &value.valueUnstructured"
                '{Value:map[string]interface {}{"b":interface {}(nil)}}'
            ),
        ),
        ({"whole": "1"}, ".whole: expected numeric (int or float), got string"),
        ({"whole": True}, ".whole: expected numeric (int or float), got bool"),
        ({"flag": "x"}, ".flag: expected boolean, got &{x}"),
        ({"list": {"a": 1}}, ".list: expected list, got &{map[a:1]}"),
        ({"list": ["a", 1]}, ".list[1]: expected string, got &value.valueUnstructured{Value:1}"),
        ({"set": [1]}, ".set[=1]: expected string, got &value.valueUnstructured{Value:1}"),
        ({"entries": []}, ".entries: expected map, got &{[]}"),
        ({"map": [{"name": "x"}] * 2}, '.map: duplicate entries for key [name="x"]'),
        ({"map": [{"name": "x", "no": 1}]}, '.map[name="x"].no: field not declared in schema'),
        (
            {"map": ["x"]},
            ".map: element 0: associative list with keys may not have non-map elements",
        ),
        ({"metadata": {"nope": 1}}, ".metadata.nope: field not declared in schema"),
        (
            {"text": 1, "foo": 1},
            (
                "errors:\n  .text: expected string, got &value.valueUnstructured{Value:1}"
                "\n  .foo: field not declared in schema"
            ),
        ),
    ],
)
def test_what_does_not_fit_its_schema_cannot_be_applied(obj: dict[str, Any], words: str) -> None:
    assert said(obj, kind=KIND) == words


@pytest.mark.parametrize(
    "obj",
    [
        {"text": None, "whole": 1.5, "either": [1], "free": {"a": {"b": 1}}, "list": [None]},
        {"apiVersion": "a", "kind": "b", "metadata": {"labels": {"a": "b"}}},
    ],
)
def test_what_fits_is_not_mentioned(obj: dict[str, Any]) -> None:
    assert said(obj, kind=KIND) == ""


def test_built_in_kinds_have_types_too() -> None:
    container = {"name": "c", "env": [{"name": "a", "value": 1}], "resources": {"limits": {"x": 1}}}
    assert said({"spec": {"containers": [container]}}, PODS) == (
        '.spec.containers[name="c"].env[name="a"].value: expected string, '
        "got &value.valueUnstructured{Value:1}"
    )
    assert said({"binaryData": {"a": "Yg=="}, "immutable": True}, CONFIG_MAPS) == ""


def test_a_secrets_value_is_not_repeated() -> None:
    assert said({"stringData": {"a": 12345}}, SECRETS) == (
        ".stringData.a: expected string, got number"
    )
