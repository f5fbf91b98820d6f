from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.custom import cel
from datacube_runtime.local.registry.custom.rules import Rules
from datacube_runtime.local.registry.custom.whole import in_one


def ruled(*rules: str, **more: Any) -> dict[str, Any]:
    return {"x-kubernetes-validations": [{"rule": rule} for rule in rules], **more}


DEEP = {
    "properties": {
        "a-b": ruled("self.size() < 3", items=ruled("self != 0")),
        "map": {"additionalProperties": ruled("self.startsWith('x')")},
        "note": ruled("self == oldSelf"),
        'q"é': ruled("self == 1 // one"),
        "free": {},
    },
    **ruled("!has(self.free) || self.free != self.note"),
}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a-b": []},
        {"a-b": [1, 2], "map": {"k": "x1", "l": "x"}, 'q"é': 1, "note": "n", "free": "f"},
    ],
)
def test_where_no_rule_is_broken_one_question_is_enough(value: Any) -> None:
    assert not list(Rules(DEEP).each(value, None))
    assert cel.holds(cel.program(in_one(DEEP)), cel.scope(value))


@pytest.mark.parametrize(
    "value",
    [
        {"a-b": [1, 2, 3]},
        {"a-b": [1, 0]},
        {"a-b": 1},
        {"map": {"k": "x", "l": "y"}},
        {"map": {"k": None}},
        {'q"é': 2},
        {"free": "n", "note": "n"},
        {"free": "n"},
        {"a-b": None},
    ],
)
def test_where_one_is_broken_or_has_no_answer_the_whole_is_no_yes(value: Any) -> None:
    assert list(Rules(DEEP).each(value, None))
    assert not cel.holds(cel.program(in_one(DEEP)), cel.scope(value))


def test_a_schema_without_rules_asks_nothing() -> None:
    assert in_one({"properties": {"a": {"items": {}}, "b": ruled("self == oldSelf")}}) == ""


def test_rules_that_cannot_be_joined_are_asked_one_by_one() -> None:
    rules = Rules(ruled("self.a == 1", "1"))
    causes = rules.problems({"metadata": {"name": "n"}, "a": 2}, None)
    assert [cause.message for cause in causes] == ["Invalid value: failed rule: self.a == 1"]
