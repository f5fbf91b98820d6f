from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.local.apiserver.listing import listed
from datacube_runtime.local.apiserver.pages import read_page
from datacube_runtime.local.apiserver.watching import seen
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import SECRETS
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

Make = Any
OPTIONS = ("limit", "continue", "resourceVersion", "resourceVersionMatch", "sendInitialEvents")


@pytest.fixture
def filled(registry: Registry, secret: Make) -> Registry:
    for name in "abcde":
        registry.create(SECRETS, "default", secret(name, labels={"even": str(name in "bd")}))
    return registry


def names(body: dict[str, Any]) -> str:
    return "".join(item["metadata"]["name"] for item in body["items"])


def pages(registry: Registry, **query: str) -> Iterator[dict[str, Any]]:
    while True:
        body = listed(registry, SECRETS, None, query)
        yield body
        if "continue" not in body["metadata"]:
            return
        query = {**query, "continue": body["metadata"]["continue"]}


def test_a_list_says_its_kind_and_version(filled: Registry) -> None:
    body = listed(filled, SECRETS, "default", {})
    assert (body["kind"], body["apiVersion"], names(body)) == ("SecretList", "v1", "abcde")
    assert body["metadata"] == {"resourceVersion": str(filled.version())}


def test_pages_add_up_to_the_list(filled: Registry) -> None:
    got = list(pages(filled, limit="2"))
    assert [names(body) for body in got] == ["ab", "cd", "e"]
    assert [body["metadata"].get("remainingItemCount") for body in got] == [3, 1, None]


def test_pages_with_a_selector_add_up_too(filled: Registry) -> None:
    got = list(pages(filled, limit="1", labelSelector="even=False"))
    assert "".join(names(body) for body in got) == "ace"


def test_pages_show_one_moment(filled: Registry, secret: Make) -> None:
    first = listed(filled, SECRETS, None, {"limit": "2"})
    filled.delete(SECRETS, "default", "c")
    filled.create(SECRETS, "default", secret("dd"))
    rest = listed(filled, SECRETS, None, {"continue": first["metadata"]["continue"]})
    assert names(rest) == "cde"
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_page_of_a_forgotten_moment_is_gone(secret: Make) -> None:
    store = Store(":memory:", window=4)
    registry = Registry(store)
    for name in "abc":
        registry.create(SECRETS, "default", secret(name))
    first = listed(registry, SECRETS, None, {"limit": "1"})
    for name in "defgh":
        registry.create(SECRETS, "default", secret(name))
    with pytest.raises(ApiStatusError) as caught:
        listed(registry, SECRETS, None, {"continue": first["metadata"]["continue"]})
    assert caught.value.code == 410
    token = caught.value.body()["metadata"]["continue"]
    rest = listed(registry, SECRETS, None, {"continue": token, "limit": "2"})
    assert names(rest) == "bc"
    rest = listed(registry, SECRETS, None, {"continue": rest["metadata"]["continue"]})
    assert names(rest) == "defgh"
    store.close()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "x"}, 400),
        ({"limit": str(2**63)}, 400),
        ({"timeoutSeconds": "x"}, 400),
        ({"continue": "WzFd"}, 400),
        ({"resourceVersionMatch": "Exact"}, 422),
        ({"sendInitialEvents": "false"}, 422),
        ({"continue": "%%%"}, 400),
        ({"continue": "e30"}, 400),
        ({"resourceVersion": "abc"}, 400),
        ({"resourceVersion": "99999"}, 504),
    ],
)
def test_queries_that_make_no_sense_are_refused(
    filled: Registry, query: dict[str, str], code: int
) -> None:
    with pytest.raises(ApiStatusError) as caught:
        listed(filled, SECRETS, None, query)
    assert caught.value.code == code


@given(st.dictionaries(st.sampled_from(OPTIONS), st.text(max_size=12)))
def test_any_query_is_answered_or_refused(query: dict[str, str]) -> None:
    try:
        read_page(query, 7)
    except ApiStatusError as error:
        assert error.code in (400, 422, 504)  # noqa: PT017 - either outcome is right


@given(st.text(min_size=1))
def test_any_text_may_be_a_token(text: str) -> None:
    token = base64.urlsafe_b64encode(text.encode(errors="replace")).decode()
    for said in (text, token):
        with pytest.raises(ApiStatusError) as caught:
            read_page({"continue": said}, 7)
        assert caught.value.code == 400


def _is_even(obj: Any) -> bool:
    return bool(obj["metadata"].get("labels", {}).get("even") == "True")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("True", "True", "MODIFIED"),
        ("False", "True", "ADDED"),
        ("True", "False", "DELETED"),
        ("False", "False", None),
    ],
)
def test_a_selector_turns_changes_into_coming_and_going(
    filled: Registry, before: str, after: str, expected: str | None
) -> None:
    for value in (before, after):
        labels = {"even": value, "touched": f"{value}{filled.version()}"}
        filled.patch(SECRETS, "default", "a", {"metadata": {"labels": labels}})
    (event,) = filled.changes(SECRETS, None, filled.version() - 1)
    change = seen(event, _is_even)
    assert (change[0] if change else None) == expected
    if change:
        assert change[1]["metadata"]["resourceVersion"] == str(filled.version())
        assert _is_even(change[1])


def test_a_deleted_object_is_told_to_those_who_knew_it(filled: Registry) -> None:
    filled.delete(SECRETS, "default", "a")
    filled.delete(SECRETS, "default", "b")
    odd, even = filled.changes(SECRETS, None, filled.version() - 2)
    assert seen(odd, _is_even) is None
    change = seen(even, _is_even)
    assert change is not None
    assert change[0] == "DELETED"
