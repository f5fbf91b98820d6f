from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import PODS, SECRETS

LABELLED = {"metadata": {"name": "a", "namespace": "n", "labels": {"x": "1", "app.io/y": "b-c"}}}


def selects(labels: str = "", fields: str = "") -> bool:
    test = selector(PODS, labels, fields)
    return test is None or test(LABELLED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x=1",
        "x==1",
        "x = 1",
        "x",
        "!z",
        "x!=2",
        "z!=2",
        "x in (1,2)",
        "x in ( 2 , 1 )",
        "x notin (2)",
        "z notin (2)",
        "x=1,app.io/y=b-c",
        "x in (1), !z , app.io/y",
    ],
)
def test_it_is_selected(text: str) -> None:
    assert selects(text)


@pytest.mark.parametrize(
    "text", ["x=2", "z", "!x", "x!=1", "x in (2,3)", "x notin (1)", "x=1,z", "z in (1)", "x="]
)
def test_it_is_not_selected(text: str) -> None:
    assert not selects(text)


@pytest.mark.parametrize("text", ["=bad=", "x in 1", "x=1 y=2", "x,,y", "x in (1", "(x)"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ApiStatusError) as caught:
        selector(PODS, text, "")
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("metadata.name=a", True),
        ("metadata.name==a", True),
        ("metadata.name!=a", False),
        ("metadata.name=a,metadata.namespace=n", True),
        ("status.phase=Running", False),
        ("status.phase!=Running", True),
    ],
)
def test_fields_select_by_value(fields: str, *, expected: bool) -> None:
    assert selects(fields=fields) is expected


@pytest.mark.parametrize("fields", ["spec.foo=1", "status.phase=x", "metadata.name"])
def test_a_field_that_cannot_select_is_refused(fields: str) -> None:
    with pytest.raises(ApiStatusError):
        selector(SECRETS, "", fields)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        selector(PODS, text, text)
    except ApiStatusError as error:
        assert error.code == 400  # noqa: PT017 - either outcome is right
