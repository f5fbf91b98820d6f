from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.custom.schema import Structure

STRING = {"type": "string"}


def schema_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


def problems(schema: dict[str, Any], spec: Any) -> list[tuple[str, str, str]]:
    causes = Structure(schema).problems({"metadata": {}, "spec": spec}, None)
    return [(cause.reason, cause.field, cause.message) for cause in causes]


def test_unknown_fields_are_pruned_and_named() -> None:
    schema = schema_of(a=STRING, list={"type": "array", "items": schema_of()})
    obj = {"kind": "X", "metadata": {"z": 1}, "spec": {"a": "1", "b": 2, "list": [{"c": 3}]}}
    assert Structure(schema).prune(obj) == ["spec.b", "spec.list[0].c"]
    assert obj == {"kind": "X", "metadata": {"z": 1}, "spec": {"a": "1", "list": [{}]}}


def test_metadata_in_the_schema_prunes_nothing_of_metadata() -> None:
    schema = {"type": "object", "properties": {"metadata": {"type": "object"}}}
    obj = {"metadata": {"name": "a"}}
    assert Structure(schema).prune(obj) == []
    assert obj == {"metadata": {"name": "a"}}


def test_a_field_that_preserves_unknown_ones_is_left_alone() -> None:
    schema = schema_of(any={"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    obj = {"spec": {"any": {"x": {"y": 1}}}}
    assert Structure(schema).prune(obj) == []
    assert obj["spec"]["any"] == {"x": {"y": 1}}


def test_values_of_a_map_are_known() -> None:
    schema = schema_of(map={"type": "object", "additionalProperties": STRING})
    obj = {"spec": {"map": {"x": "1"}}}
    assert Structure(schema).prune(obj) == []
    assert obj == {"spec": {"map": {"x": "1"}}}


def test_defaults_are_filled_in_all_the_way_down() -> None:
    inner = {
        "type": "object",
        "default": {},
        "properties": {"n": {"type": "integer", "default": 3}},
    }
    obj: dict[str, Any] = {"spec": {"list": [{}]}}
    Structure(schema_of(inner=inner, list={"type": "array", "items": inner})).complete(obj)
    assert obj == {"spec": {"inner": {"n": 3}, "list": [{"n": 3}]}}


def test_a_null_goes_unless_it_is_allowed() -> None:
    schema = schema_of(a=STRING, b={**STRING, "nullable": True}, c={**STRING, "default": "x"})
    obj = {"spec": {"a": None, "b": None, "c": None}}
    Structure(schema).complete(obj)
    assert obj == {"spec": {"b": None, "c": "x"}}
    assert problems(schema, obj["spec"]) == []


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ({**STRING, "minLength": 2}, "a", "FieldValueInvalid"),
        ({**STRING, "maxLength": 2}, "abc", "FieldValueTooLong"),
        ({**STRING, "pattern": "^a"}, "b", "FieldValueInvalid"),
        ({**STRING, "enum": ["a"]}, "b", "FieldValueNotSupported"),
        ({"type": "integer", "minimum": 1}, 0, "FieldValueInvalid"),
        ({"type": "integer", "maximum": 1}, 2, "FieldValueInvalid"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, "FieldValueInvalid"),
        ({"type": "integer"}, "1", "FieldValueTypeInvalid"),
        ({"type": "integer"}, True, "FieldValueTypeInvalid"),
        ({"type": "boolean"}, 1, "FieldValueTypeInvalid"),
        ({"type": "array", "maxItems": 1, "items": STRING}, ["a", "b"], "FieldValueTooMany"),
        ({"type": "array", "minItems": 1, "items": STRING}, [], "FieldValueInvalid"),
        ({"type": "object", "minProperties": 1}, {}, "FieldValueInvalid"),
        ({"type": "object", "maxProperties": 0}, {"a": 1}, "FieldValueTooMany"),
        ({"x-kubernetes-int-or-string": True}, [], "FieldValueTypeInvalid"),
    ],
)
def test_what_breaks_the_schema_is_refused(part: Any, value: Any, expected: str) -> None:
    ((reason, field, message),) = problems(schema_of(field=part), {"field": value})
    assert (reason, field) == (expected, "spec.field")
    assert message


@pytest.mark.parametrize("value", [1, "1Gi"])
def test_an_int_or_string_is_either(value: Any) -> None:
    schema = schema_of(field={"x-kubernetes-int-or-string": True})
    assert problems(schema, {"field": value}) == []


def test_what_is_missing_is_named_where_it_should_be() -> None:
    schema = schema_of(list={"type": "array", "items": {"type": "object", "required": ["name"]}})
    assert problems(schema, {"list": [{"name": 1}, {}]}) == [
        ("FieldValueRequired", "spec.list[1].name", "Required value")
    ]


def test_the_key_of_a_list_map_stands_once() -> None:
    item = {"type": "object", "properties": {"name": STRING}}
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    schema = schema_of(list={"type": "array", "items": item, **keyed})
    (problem,) = problems(schema, {"list": [{"name": "a"}, {"name": "b"}, {"name": "a"}]})
    assert problem == (
        "FieldValueDuplicate",
        "spec.list[2]",
        'Duplicate value: {"name":"a"}',
    )


def test_a_field_that_did_not_change_is_not_checked_again() -> None:
    structure = Structure(schema_of(a={**STRING, "minLength": 5}))
    old = {"metadata": {}, "spec": {"a": "x"}}
    assert structure.problems({**old, "status": {}}, old) == []
    assert structure.problems({"metadata": {}, "spec": {"a": "y"}}, old)


def test_an_object_without_any_field_lacks_the_required_ones() -> None:
    structure = Structure({**schema_of(), "required": ["spec"]})
    causes = structure.problems({"metadata": {}}, None)
    assert [(cause.reason, cause.field) for cause in causes] == [("FieldValueRequired", "spec")]


def test_the_end_of_a_pattern_is_the_end() -> None:
    schema = schema_of(field={**STRING, "pattern": r"^(a$|[$]|\$)"})
    assert [bool(problems(schema, {"field": text})) for text in ("a", "a\n", "$")] == [
        False,
        True,
        False,
    ]


def test_of_a_text_too_short_no_pattern_is_asked() -> None:
    schema = schema_of(field={**STRING, "minLength": 1, "pattern": "^a"})
    ((_, _, message),) = problems(schema, {"field": ""})
    assert "at least 1 chars long" in message


@pytest.mark.parametrize("value", [1, 1.0, 2**63 - 1])
def test_a_whole_number_is_an_integer_however_it_is_written(value: Any) -> None:
    schema = schema_of(field={"type": "integer"}, either={"x-kubernetes-int-or-string": True})
    obj = {"spec": {"field": value, "either": value}}
    Structure(schema).complete(obj)
    assert problems(schema, obj["spec"]) == []
    assert {type(found) for found in obj["spec"].values()} == {int}


@pytest.mark.parametrize(
    ("value", "is_in_range"),
    [(1.5, False), (2**63, False), (2.0**53, True), (1e300, False), (True, True)],
)
def test_any_other_number_is_none(value: Any, *, is_in_range: bool) -> None:
    (reason, field, _), *others = problems(schema_of(field={"type": "integer"}), {"field": value})
    assert (reason, field) == ("FieldValueTypeInvalid", "spec.field")
    out_of_range = "Checked value must be of type integer (default format) in spec.field"
    said = ("FieldValueInvalid", "<nil>", f'Invalid value: "": {out_of_range}')
    assert others == ([] if is_in_range else [said])


def test_a_number_that_may_be_a_fraction_stays_as_it_is_written() -> None:
    obj = {"spec": {"list": [1.0]}}
    Structure(schema_of(list={"type": "array", "items": {"type": "number"}})).complete(obj)
    assert isinstance(obj["spec"]["list"][0], float)


def test_a_null_value_of_a_map_becomes_the_default_or_goes() -> None:
    schema = schema_of(
        a={"type": "object", "additionalProperties": {**STRING, "default": "x"}},
        b={"type": "object", "additionalProperties": STRING},
    )
    obj = {"spec": {"a": {"k": None}, "b": {"k": None, "l": "y"}}}
    Structure(schema).complete(obj)
    assert obj == {"spec": {"a": {"k": "x"}, "b": {"l": "y"}}}


def test_items_of_a_list_without_a_schema_lose_their_fields() -> None:
    schema = schema_of(list={"type": "array"})
    obj = {"spec": {"list": [{"a": 1}, "b"]}}
    assert Structure(schema).prune(obj) == ["spec.list[0].a"]
    assert obj == {"spec": {"list": [{}, "b"]}}


def test_a_default_is_nobody_elses() -> None:
    structure = Structure(schema_of(map={"type": "object", "default": {"a": {}}}))
    first: dict[str, Any] = {"spec": {}}
    second: dict[str, Any] = {"spec": {}}
    structure.complete(first)
    structure.complete(second)
    assert first == second == {"spec": {"map": {"a": {}}}}
    assert first["spec"]["map"]["a"] is not second["spec"]["map"]["a"]
