from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacube_runtime.local.registry.custom import cel
from datacube_runtime.local.registry.custom.checks import Checks
from datacube_runtime.local.registry.custom.rules import Rules
from datacube_runtime.local.registry.custom.whole import in_one
from tests.contract.strategies import GOOD, SCHEMA, specs

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
CHECKS = Checks(SCHEMA)
RULES = Rules(SCHEMA)
ALL_RULES = cel.program(in_one(SCHEMA))
KINDS = ["string", "integer", "number", "boolean", "object", "array"]
FORMATS = ["date", "date-time", "int32", "int64", "float", "byte", "uuid", "ipv4", "nonsense"]
TEXTS = st.sampled_from(
    ["", "a", "aé", "2024-01-31", "YQ==", "a\n", "1.2.3.4", "\ud800", "٣", "😀"]
)
WHOLE = [0, 1, -1, 2, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 2**70]
NUMBERS = st.sampled_from([*WHOLE, 0.0, 1.0, 1.5, -0.5, 1e16, 3.5e38, 1e300])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("ab"), below, max_size=2)
    ),
    max_leaves=6,
)
SIZES = st.integers(0, 2)
PLAIN = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(KINDS),
        "format": st.sampled_from(FORMATS),
        "nullable": st.booleans(),
        "x-kubernetes-int-or-string": st.booleans(),
        "enum": st.lists(TEXTS | NUMBERS | st.booleans(), min_size=1, max_size=3),
        "pattern": st.sampled_from(["^a$", r"^\d+$", "a|^$", r"(?P<x>a)"]),
        "minLength": SIZES,
        "maxLength": SIZES,
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "exclusiveMinimum": st.booleans(),
        "minItems": SIZES,
        "maxItems": SIZES,
        "minProperties": SIZES,
        "maxProperties": SIZES,
        "required": st.sampled_from([[], ["a"], ["a", "b"]]),
        "uniqueItems": st.booleans(),
        "multipleOf": st.sampled_from([2, 0.5]),
    },
)


def nested(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(below, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(KINDS),
            "properties": st.dictionaries(st.sampled_from("ab"), below, max_size=2),
            "additionalProperties": below | st.booleans(),
            "items": below,
            "not": below,
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
        },
    )


@given(specs(most=2))
@settings(max_examples=300, suppress_health_check=SLOW)
def test_a_quick_yes_to_a_datacube_is_never_taken_back(spec: Any) -> None:
    assert not (CHECKS.is_sound(spec) and list(CHECKS.faults(spec)))


@given(specs(most=2))
@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
def test_all_rules_at_once_say_what_each_of_them_says(spec: Any) -> None:
    whole = cel.holds(ALL_RULES, cel.scope(cel.readable(spec)))
    assert whole is not any(RULES.each(spec, None))


@pytest.mark.parametrize("spec", GOOD)
def test_every_good_datacube_is_accepted_quickly(spec: Any) -> None:
    assert CHECKS.is_sound(spec)
    assert cel.holds(ALL_RULES, cel.scope(spec))


@given(st.recursive(PLAIN, nested, max_leaves=4), VALUES)
@settings(max_examples=400, suppress_health_check=SLOW)
def test_a_quick_yes_under_any_schema_is_never_taken_back(schema: Any, value: Any) -> None:
    checks = Checks(schema)
    assert not (checks.is_sound(value) and list(checks.faults(value)))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object"}, {}),
        ({"type": "object", "required": []}, {"a": 1}),
        ({"type": "integer"}, 2**63 - 1),
        ({"type": "integer", "format": "int32"}, 2**31 - 1),
        ({"type": "string", "pattern": r"(?P<x>\d)$", "format": "date"}, "2024-01-31"),
        ({"x-kubernetes-int-or-string": True}, "50%"),
    ],
)
def test_what_is_sound_is_mostly_seen_quickly(schema: Any, value: Any) -> None:
    assert Checks(schema).is_sound(value)


@pytest.mark.parametrize("keyword", ["not", "oneOf", "multipleOf", "uniqueItems"])
def test_what_the_two_may_read_differently_is_never_answered_quickly(keyword: str) -> None:
    value: Any = {"not": {"type": "string"}, "oneOf": [{}], "multipleOf": 1, "uniqueItems": True}
    checks = Checks({"properties": {"a": {keyword: value[keyword]}}})
    assert not checks.is_sound({"a": 1})
    assert not list(checks.faults({"a": 1}))
