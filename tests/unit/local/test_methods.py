from __future__ import annotations

from typing import Any

import pytest

from datacube_api.crd import crd
from datacube_runtime.local.apiserver.methods import verb_of, watch_query
from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.errors import ApiStatusError, UnknownPlaceError

CUBES = "tensorstack.dev", "v1beta1"


@pytest.fixture
def ask(registry: Any) -> Any:
    install(registry, crd())

    def verb(method: str, rest: str, group: str = "", version: str = "v1") -> str:
        return verb_of(method, target(registry.catalog, group, version, rest))

    return verb


@pytest.mark.parametrize(
    ("method", "rest", "verb"),
    [
        ("GET", "pods", "list"),
        ("GET", "pods/", "list"),
        ("GET", "namespaces/n/pods/p", "get"),
        ("GET", "namespaces/n/pods/p/log", "get"),
        ("GET", "namespaces/n/pods/p/status", "get"),
        ("GET", "watch/namespaces/n/pods/p", "watch"),
        ("GET", "watch/namespaces/n", "watch"),
        ("GET", "namespaces/n/services", "list"),
        ("POST", "namespaces", "create"),
        ("POST", "namespaces/n/pods", "create"),
        ("PUT", "namespaces/n/pods/p/status", "update"),
        ("PATCH", "namespaces/n/pods/p", "patch"),
        ("DELETE", "namespaces/n", "delete"),
        ("DELETE", "namespaces/n/pods", "deletecollection"),
    ],
)
def test_a_method_and_a_place_make_a_verb(ask: Any, method: str, rest: str, verb: str) -> None:
    assert ask(method, rest) == verb


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("POST", "pods"),
        ("POST", "namespaces/n/pods/p"),
        ("PUT", "namespaces/n/pods"),
        ("DELETE", "pods"),
        ("DELETE", "namespaces"),
        ("DELETE", "namespaces/n/pods/p/log"),
        ("DELETE", "namespaces/n/pods/p/status"),
        ("POST", "watch/pods"),
        ("OPTIONS", "pods"),
    ],
)
def test_a_built_in_place_refuses_the_methods_it_has_not(ask: Any, method: str, rest: str) -> None:
    with pytest.raises(ApiStatusError) as caught:
        ask(method, rest)
    assert caught.value.code == 405


def test_no_service_is_ever_made(ask: Any) -> None:
    with pytest.raises(ApiStatusError, match="the embedded cluster has no services"):
        ask("POST", "namespaces/n/services")


@pytest.mark.parametrize(
    ("method", "rest", "code"),
    [
        ("PUT", "namespaces/n/datacubes", 400),
        ("GET", "namespaces/n/datacubes/a/scale", 404),
        ("DELETE", "namespaces/n/datacubes/a/status", 405),
        ("OPTIONS", "namespaces/n/datacubes", 405),
    ],
)
def test_a_custom_place_refuses_what_it_lacks(ask: Any, method: str, rest: str, code: int) -> None:
    with pytest.raises(ApiStatusError) as caught:
        ask(method, rest, *CUBES)
    assert caught.value.code == code
    assert not isinstance(caught.value, UnknownPlaceError)


@pytest.mark.parametrize(
    ("method", "rest"),
    [("POST", "datacubes"), ("DELETE", "datacubes"), ("GET", "datacubes/a"), ("GET", "nothing")],
)
def test_a_custom_place_without_its_namespace_is_unknown(ask: Any, method: str, rest: str) -> None:
    with pytest.raises(UnknownPlaceError):
        ask(method, rest, *CUBES)


def test_a_watch_of_old_is_of_the_object_in_its_path(registry: Any) -> None:
    about = target(registry.catalog, "", "v1", "watch/namespaces/n/pods/p")
    assert watch_query(about, {})["fieldSelector"] == "metadata.name=p"
    same = {"fieldSelector": "status.phase=Running,metadata.name==p"}
    assert watch_query(about, same) == same
    with pytest.raises(ApiStatusError):
        watch_query(about, {"fieldSelector": "metadata.name=other"})
