from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import EVENTS, JOBS, PODS, SECRETS

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
        "x>0",
        "x < 2",
        "x notin ()",
        "x in (,1)",
        "in notin (in)",
    ],
)
def test_it_is_selected(text: str) -> None:
    assert selects(text)


@pytest.mark.parametrize(
    "text",
    [
        "x=2",
        "z",
        "!x",
        "x!=1",
        "x in (2,3)",
        "x notin (1)",
        "x=1,z",
        "z in (1)",
        "x=",
        "x>1",
        "x<1",
        "z>0",
        "app.io/y>0",
    ],
)
def test_it_is_not_selected(text: str) -> None:
    assert not selects(text)


@pytest.mark.parametrize(
    "text", ["=bad=", "x in 1", "x=1 y=2", "x,,y", "x in (1", "(x)", "x>a", "x>", "x=-a", "a/b/c"]
)
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
        ("spec.hostNetwork=false", True),
        ("metadata.name=a\\,b", False),
        ("metadata.name!=a\\=b", True),
    ],
)
def test_fields_select_by_value(fields: str, *, expected: bool) -> None:
    assert selects(fields=fields) is expected


@pytest.mark.parametrize("fields", ["spec.foo=1", "status.phase=x", "metadata.name"])
def test_a_field_that_cannot_select_is_refused(fields: str) -> None:
    with pytest.raises(ApiStatusError):
        selector(SECRETS, "", fields)


def test_what_succeeded_is_counted_though_it_is_called_otherwise() -> None:
    test = selector(JOBS, "", "status.successful=1")
    assert test is not None
    assert test({**LABELLED, "status": {"succeeded": 1}})
    assert not test(LABELLED)


def test_an_event_is_of_whoever_reports_it_where_it_has_no_source() -> None:
    test = selector(EVENTS, "", "source=kubelet")
    assert test is not None
    assert test({**LABELLED, "source": {"component": "kubelet"}, "reportingComponent": "other"})
    assert test({**LABELLED, "source": {}, "reportingComponent": "kubelet"})


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        selector(PODS, text, text)
    except ApiStatusError as error:
        assert error.code == 400  # noqa: PT017 - either outcome is right
