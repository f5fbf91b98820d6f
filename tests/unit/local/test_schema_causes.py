from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.custom.schema import Structure

TEXT = {"type": "string"}
INT32 = {"type": "integer", "format": "int32"}
OUT_OF_INT32 = 'Invalid value: "": Checked value must be of type integer with format int32 in f'


def said(part: Any, value: Any, old: Any = None) -> list[tuple[str, str]]:
    structure = Structure({"type": "object", "properties": {"f": part}})
    found = structure.problems({"f": value}, None if old is None else {"f": old})
    return [(cause.field, cause.message) for cause in found]


@pytest.mark.parametrize(
    ("part", "value", "messages"),
    [
        (INT32, 2**31, [OUT_OF_INT32]),
        (
            INT32,
            1.5,
            ['Invalid value: "float64": f in body must be of type int32: "float64"', OUT_OF_INT32],
        ),
        (INT32, True, ['Invalid value: "": f in body must be of type int32: ""']),
        (INT32, "x", ['Invalid value: "string": f in body must be of type integer: "string"']),
        ({"type": "number", "format": "double"}, 1, []),
        ({"type": "integer", "format": "unheard-of"}, 2**40, []),
        (
            {**TEXT, "format": "date"},
            "x",
            ['Invalid value: "x": f in body must be of type date: "x"'],
        ),
        ({**TEXT, "format": "date"}, ["x"], []),
        ({**TEXT, "format": "unheard-of"}, "x", []),
        ({**TEXT, "maxLength": 1}, "ab", ["Too long: may not be more than 1 byte"]),
        (
            {"type": "array", "maxItems": 1, "items": TEXT},
            ["a", "b"],
            ["Too many: 2: must have at most 1 item"],
        ),
        (
            {"type": "array", "minItems": 2, "items": TEXT},
            ["a"],
            ["Invalid value: 1: f in body should have at least 2 items"],
        ),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            1,
            ["Invalid value: 1: f in body should be greater than 1"],
        ),
        (
            {"type": "integer", "enum": [1, 2]},
            3,
            ['Unsupported value: 3: supported values: "1", "2"'],
        ),
    ],
)
def test_a_finding_is_said_in_a_real_servers_words(
    part: Any, value: Any, messages: list[str]
) -> None:
    assert [message for _, message in said(part, value)] == messages


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.5, "2.5"),
        (123456.5, "123456.5"),
        (1234567.5, "1.2345675e+06"),
        (2**63, "9.223372036854776e+18"),
    ],
)
def test_large_numbers_have_exponents(value: float, shown: str) -> None:
    message = f"Invalid value: {shown}: f in body should be less than or equal to 1"
    assert ("f", message) in said({"type": "number", "maximum": 1}, value)


def test_of_alternatives_the_nearest_says_what_it_lacks() -> None:
    far, near = {"required": ["a", "b"]}, {"required": ["c"]}
    words = 'Invalid value: "": "f" must validate {}'
    assert said({"anyOf": [far, near]}, {}) == [
        ("<nil>", words.format("at least one schema (anyOf)")),
        ("f.c", "Required value"),
    ]
    assert said({"oneOf": [far, near]}, {})[0] == (
        "<nil>",
        words.format("one and only one schema (oneOf). Found none valid"),
    )
    assert said({"not": {"required": ["a"]}}, {"a": 1}) == [
        ("<nil>", 'Invalid value: "": "f" must not validate the schema (not)')
    ]


def test_what_is_there_comes_before_what_is_missing() -> None:
    part = {
        "type": "object",
        "minProperties": 9,
        "required": ["b", "a", "x"],
        "properties": {
            "x": {"type": "array", "minItems": 9, "items": TEXT},
            "y": {"type": "object", "required": ["z"]},
        },
    }
    fields = [field for field, _ in said(part, {"x": [1], "y": {}})]
    assert fields == ["f", "f.x[0]", "f.x", "f.y.z", "f.b", "f.a"]


def test_what_was_wrong_and_has_not_changed_is_not_looked_at() -> None:
    part = {"type": "object", "required": ["c"], "properties": {"a": INT32, "b": TEXT}}
    old = {"a": 2**31, "b": "x"}
    assert said(part, old, old) == []
    assert [field for field, _ in said(part, {**old, "b": "y"}, old)] == ["f.c"]
    assert [field for field, _ in said(part, {**old, "a": 2**32}, old)] == ["<nil>", "f.c"]
