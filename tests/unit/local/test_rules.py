from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.custom.rules import RuleError, Rules

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def spec_rules(rule: str, **more: Any) -> Rules:
    spec = {**OPEN, "x-kubernetes-validations": [{"rule": rule, **more}]}
    return Rules({"type": "object", "properties": {"spec": spec}})


def obj(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": spec}


def holds(rule: str, **spec: Any) -> bool:
    return not spec_rules(rule).problems(obj(**spec), None)


@pytest.mark.parametrize(
    "rule",
    [
        "self.a == 'x'",
        "has(self.a) && !has(self.b)",
        "self.a in ['x', 'y']",
        "self.list.all(i, i > 0) && self.list.exists(i, i == 2)",
        "self.list.exists_one(i, i == 1)",
        "self.list.map(i, i * 2) == [2, 4]",
        "self.list.filter(i, i > 1) == [2]",
        "size(self.list) == 2 && self.list.sum() == 3 && self.list.isSorted()",
        "self.list.min() == 1 && self.list.max() == 2",
        "'a/b'.split('/') == ['a', 'b'] && ['a', 'b'].join('/') == 'a/b'",
        "'aXb'.lowerAscii() == 'axb' && 'aXb'.upperAscii() == 'AXB'",
        "'a-b-c'.replace('-', '_') == 'a_b_c' && 'a-b-c'.replace('-', '_', 1) == 'a_b-c'",
        "' a '.trim() == 'a' && 'abc'.substring(1) == 'bc' && 'abc'.charAt(1) == 'b'",
        "'abcb'.indexOf('b') == 1 && 'abcb'.lastIndexOf('b') == 3",
        "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22']",
        "self.a.startsWith('x') && self.a.matches('^x$')",
        "false || true ? true : false",
        "duration('1h') > duration('1m') && int('1') == 1 && string(1) == '1'",
        "(1 + 2) * 3 - 4 / 2 % 3 == 7 && -(-1) == 1 && !(1 > 2)",
        "self.list[0] < self.list[1] && {'a': 1}.a == 1 && {'a': 1}['a'] == 1",
        "type(self.a) == string && has(self.list) && self.list.all(i, self.list.exists(j, i == j))",
    ],
)
def test_the_rule_holds(rule: str) -> None:
    assert holds(rule, a="x", list=[1, 2])


def test_a_broken_rule_says_its_message_at_its_place() -> None:
    rules = spec_rules("self.a == 'y'", message="a must be y", fieldPath=".a")
    (cause,) = rules.problems(obj(a="x"), None)
    assert (cause.reason, cause.field) == ("FieldValueInvalid", "spec.a")
    assert cause.message == "Invalid value: a must be y"


def test_a_reason_changes_the_words() -> None:
    rules = spec_rules("self.a == 'y'", message="no", reason="FieldValueForbidden")
    (cause,) = rules.problems(obj(a="x"), None)
    assert (cause.reason, cause.message) == ("FieldValueForbidden", "Forbidden: no")


def test_without_a_message_the_rule_speaks() -> None:
    (cause,) = spec_rules("self.a == 'y'").problems(obj(a="x"), None)
    assert cause.message == "Invalid value: failed rule: self.a == 'y'"


def test_a_message_may_be_an_expression() -> None:
    rules = spec_rules("self.a == 'y'", messageExpression="'a is ' + self.a")
    (cause,) = rules.problems(obj(a="x"), None)
    assert cause.message == "Invalid value: a is x"


def test_a_rule_that_cannot_be_evaluated_is_broken() -> None:
    (cause,) = spec_rules("self.missing == 1").problems(obj(a="x"), None)
    words = 'Invalid value: "object": no such key: missing evaluating rule: self.missing == 1'
    assert (cause.field, cause.message) == ("spec", words)


def test_a_transition_rule_is_asked_of_updates_only() -> None:
    rules = spec_rules("self == oldSelf", message="immutable")
    assert rules.problems(obj(a="x"), None) == []
    assert rules.problems(obj(a="x"), obj(a="x")) == []
    assert [c.field for c in rules.problems(obj(a="y"), obj(a="x"))] == ["spec"]


def test_what_did_not_change_is_not_asked_again() -> None:
    rules = spec_rules("self.a == 'y'")
    assert rules.problems({**obj(a="x"), "status": {}}, obj(a="x")) == []
    assert rules.problems(obj(a="z"), obj(a="x"))


def test_rules_of_list_items_name_the_item() -> None:
    item = {**OPEN, "x-kubernetes-validations": [{"rule": "self.n > 0", "message": "positive"}]}
    spec = {"type": "object", "properties": {"list": {"type": "array", "items": item}}}
    rules = Rules({"type": "object", "properties": {"spec": spec}})
    causes = rules.problems(obj(list=[{"n": 1}, {"n": 0}]), None)
    assert [cause.field for cause in causes] == ["spec.list[1]"]


def test_items_of_a_list_map_are_compared_by_key() -> None:
    rule = {"rule": "self.n >= oldSelf.n", "message": "only up"}
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    items = {**OPEN, "x-kubernetes-validations": [rule]}
    spec = {"type": "object", "properties": {"list": {"type": "array", "items": items, **keyed}}}
    rules = Rules({"type": "object", "properties": {"spec": spec}})
    old = obj(list=[{"name": "a", "n": 1}, {"name": "b", "n": 5}])
    new = obj(list=[{"name": "b", "n": 4}, {"name": "c", "n": 0}, {"name": "a", "n": 1}])
    assert [cause.field for cause in rules.problems(new, old)] == ["spec.list[0]"]


def test_of_metadata_a_rule_sees_the_name_only() -> None:
    rule = {"rule": "self.metadata.name == 'b' || has(self.metadata.labels)", "message": "no"}
    rules = Rules({"type": "object", "x-kubernetes-validations": [rule]})
    labelled = {"metadata": {"name": "a", "labels": {"x": "1"}}}
    assert rules.problems(labelled, None)
    assert rules.problems({"metadata": {"name": "b"}}, None) == []


def test_a_rule_that_is_no_cel_is_refused_with_its_place() -> None:
    with pytest.raises(RuleError) as caught:
        spec_rules("self.a ==")
    assert caught.value.path == "properties[spec].x-kubernetes-validations[0].rule"


def test_a_message_that_is_no_cel_is_refused_with_its_place() -> None:
    with pytest.raises(RuleError) as caught:
        spec_rules("true", messageExpression="'a' +")
    place = "properties[spec].x-kubernetes-validations[0].messageExpression"
    assert caught.value.path == place


def test_a_function_that_is_not_there_is_refused_when_the_rule_is_written() -> None:
    with pytest.raises(RuleError, match="undeclared reference to 'nosuch'"):
        spec_rules("self.a.nosuch()")


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("self.list[7] == 1", "index out of bounds: 7"),
        ("1 / 0 == 2", "division by zero"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_the_words_of_a_real_server(
    rule: str, problem: str
) -> None:
    (cause,) = spec_rules(rule, message="m", fieldPath=".list").problems(obj(list=[]), None)
    words = f'Invalid value: "object": {problem} evaluating rule: m'
    assert (cause.field, cause.message) == ("spec", words)


@pytest.mark.parametrize("text", ["a\0/../b", "\ud800/../b"])
def test_a_rule_sees_all_of_a_text(text: str) -> None:
    assert not holds("!self.a.split('/').exists(s, s == '..')", a=text)


def test_a_number_beyond_64_bits_is_a_float() -> None:
    assert holds("type(self.a) == double && self.b == 1", a=2**70, b=1)


def test_a_value_may_be_optional() -> None:
    assert holds("self.?b.orValue('x') == 'x'", a="x")


def test_nothing_below_what_did_not_change_is_asked_again() -> None:
    item = {**OPEN, "x-kubernetes-validations": [{"rule": "self.n > 0", "message": "positive"}]}
    listed = {"type": "array", "items": item}
    rules = Rules({"type": "object", "properties": {"spec": {**OPEN, "properties": {"l": listed}}}})
    stored = obj(l=[{"n": 0}])
    assert rules.problems({**stored, "status": {}}, stored) == []
    assert rules.problems(obj(l=[{"n": 0}, {"n": 1}]), stored)


def test_a_transition_below_what_did_not_change_is_asked_all_the_same() -> None:
    below = {"type": "integer", "x-kubernetes-validations": [{"rule": "self > oldSelf"}]}
    spec = {"type": "object", "properties": {"n": below}}
    rules = Rules({"type": "object", "properties": {"spec": spec}})
    assert [cause.field for cause in rules.problems(obj(n=1), obj(n=1))] == ["spec.n"]
    assert rules.problems(obj(n=2), obj(n=1)) == []


def both(*rules: str) -> Rules:
    said = [{"rule": rule} for rule in rules]
    spec = {"type": "object", "x-kubernetes-validations": said}
    return Rules({"type": "object", "properties": {"spec": spec}})


def test_of_several_rules_each_broken_one_speaks_in_its_place() -> None:
    rules = both("self.a == 1", "self.b == 2", "oldSelf.c == self.c", "self.c == 3")
    assert rules.problems(obj(a=1, b=2, c=3), None) == []
    broken = [cause.message for cause in rules.problems(obj(a=1, b=0, c=0), obj(c=1))]
    assert [words.partition("failed rule: ")[2] for words in broken] == [
        "self.b == 2",
        "oldSelf.c == self.c",
        "self.c == 3",
    ]


def test_a_rule_that_ends_in_a_comment_does_not_silence_the_next() -> None:
    rules = both("self.a == 1 // a", "self.b == 2 // b")
    assert rules.problems(obj(a=1, b=2), None) == []
    assert len(rules.problems(obj(a=1, b=3), None)) == 1


def test_a_rule_that_cannot_be_evaluated_is_told_beside_one_that_is_broken() -> None:
    broken = both("self.gone == 1", "self.a == 1").problems(obj(a=2), None)
    assert ["no such key: gone" in cause.message for cause in broken] == [True, False]
