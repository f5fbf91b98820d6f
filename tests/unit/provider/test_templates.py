from __future__ import annotations

import pytest

from airflow_provider_datacube._templates import (
    empty_paths,
    holds_template,
    spelled,
    templated_paths,
    value_at,
)


@pytest.mark.parametrize(
    "value", ["{{ ds }}", "a{% if x %}b{% endif %}", "{# note #}", [{"a": "{{ x }}"}]]
)
def test_jinja_anywhere_in_a_value_is_a_template(value: object) -> None:
    assert holds_template(value)


@pytest.mark.parametrize("value", ["$(TOKEN)", "{not jinja}", 3, None, True, ["a", {"b": "c"}]])
def test_what_is_known_is_no_template(value: object) -> None:
    assert not holds_template(value)


def test_an_object_that_airflow_resolves_is_a_template() -> None:
    assert holds_template({"value": object()})


def test_the_places_of_templates_are_found() -> None:
    value = {"a": ["x", {"b": "{{ y }}"}], "c": "{{ z }}"}
    assert [spelled(path) for path in templated_paths(value)] == ["a[1].b", "c"]


def test_the_places_where_nothing_stands_are_found() -> None:
    value = {"a": None, "b": ["", "x"], "c": {"d": "  "}, "e": 0, "f": False}
    assert [spelled(path) for path in empty_paths(value)] == ["a", "b[0]", "c.d"]


def test_a_value_is_found_by_its_path() -> None:
    assert value_at({"a": [{"b": 1}]}, ("a", 0, "b")) == 1


@pytest.mark.parametrize("path", [("x",), ("a", 1), ("a", "b"), ("a", 0, "b", "c")])
def test_a_path_to_nowhere_is_an_error(path: tuple[str | int, ...]) -> None:
    with pytest.raises(LookupError):
        value_at({"a": [{"b": 1}]}, path)
