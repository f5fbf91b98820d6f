from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.metadata.names import label_problems, subdomain_problems
from datacube_runtime.local.registry.metadata.rules import (
    finalizer_warnings,
    problems,
    update_problems,
)
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.resources import EVENTS, LEASES, SECRETS, Resource

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry

Make = Any
OWNER = {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "1"}


def found(resource: Resource = SECRETS, **meta: Any) -> list[tuple[str, str]]:
    causes = problems(resource, {"name": "a", **meta}, subdomain_problems)
    return [(cause.field, cause.message) for cause in causes]


@pytest.mark.parametrize(
    ("meta", "field", "words"),
    [
        ({"name": "a" * 254}, "metadata.name", "no more than 253 characters"),
        ({"generateName": "Bad_"}, "metadata.generateName", '"Bad_": a lowercase RFC 1123'),
        ({"labels": {"-a": "b"}}, "metadata.labels", '"-a": name part must consist of'),
        ({"labels": {"a/": "b"}}, "metadata.labels", '"a/": name part must be non-empty'),
        ({"labels": {"/a": "b"}}, "metadata.labels", '"/a": prefix part must be non-empty'),
        ({"labels": {"a": "b c"}}, "metadata.labels", '"b c": a valid label must be'),
        ({"annotations": {"a b": "c"}}, "metadata.annotations", '"a b": name part must'),
        ({"annotations": {"a": "x" * 2**18}}, "metadata.annotations", "more than 262144 bytes"),
        ({"finalizers": ["a/b c"]}, "metadata.finalizers", '"a/b c": name part must'),
        (
            {"finalizers": ["orphan", "foregroundDeletion"]},
            "metadata.finalizers",
            "finalizer orphan and foregroundDeletion cannot be both set",
        ),
        ({"finalizers": ["a"]}, "metadata.finalizers[0]", '"a": name is neither a standard'),
        (
            {"ownerReferences": [{**OWNER, "uid": ""}]},
            "metadata.ownerReferences.uid",
            '"": must not be empty',
        ),
        (
            {"ownerReferences": [{**OWNER, "kind": "Event"}]},
            "metadata.ownerReferences",
            "/v1, Kind=Event is disallowed from being an owner",
        ),
        (
            {"ownerReferences": [{**OWNER, "controller": True}] * 2},
            "metadata.ownerReferences",
            'Found "true" in references for Secret/s and Secret/s',
        ),
    ],
)
def test_what_is_wrong_with_metadata_is_named(meta: dict[str, Any], field: str, words: str) -> None:
    causes = found(**meta)
    assert field in {said for said, _ in causes}
    assert words in "".join(message for _, message in causes)


@pytest.mark.parametrize(
    "meta",
    [
        {"generateName": "a-"},
        {"labels": {"example.org/A_b.c": ""}},
        {"annotations": {"Example.ORG/a": "b c"}},
        {"finalizers": ["kubernetes", "example.org/a"]},
        {"ownerReferences": [{**OWNER, "controller": True}, {**OWNER, "controller": False}]},
    ],
)
def test_what_is_right_with_metadata_is_not(meta: dict[str, Any]) -> None:
    assert found(**meta) == []


def test_only_core_kinds_ask_finalizers_for_a_domain() -> None:
    assert found(LEASES, finalizers=["a"]) == []


@pytest.mark.parametrize(("resource", "times"), [(SECRETS, 4), (LEASES, 3), (EVENTS, 2)])
def test_an_update_is_looked_at_as_often_as_a_real_server_does(
    resource: Resource, times: int
) -> None:
    old = {"name": "a", "uid": "1"}
    new = {**old, "labels": {"a": "b c"}}
    causes = update_problems(resource, new, old, subdomain_problems)
    assert [cause.field for cause in causes] == ["metadata.labels"] * times


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.b", "must not contain dots"), ("A.b", "a lowercase RFC 1123 label"), ("a" * 64, "63")],
)
def test_a_label_is_no_domain(name: str, words: str) -> None:
    (problem,) = label_problems(name)
    assert words in problem


def test_new_finalizers_of_a_custom_resource_should_name_a_domain() -> None:
    new = {"finalizers": ["b", "old", "a.b", "orphan", "example.org/c"]}
    warnings = finalizer_warnings(new, {"finalizers": ["old"]})
    assert [warning.partition(" to avoid")[0] for warning in warnings] == [
        'metadata.finalizers: "a.b": prefer a domain-qualified finalizer name including a path (/)',
        'metadata.finalizers: "b": prefer a domain-qualified finalizer name',
    ]


def test_the_client_hears_of_them(registry: Registry, cubes: Resource, cube: Make) -> None:
    write = Write()
    registry.create(cubes, "default", cube("a", finalizers=["bare"]), write)
    assert len(write.warnings) == 1
    registry.patch(cubes, "default", "a", {"metadata": {"labels": {"x": "1"}}}, write=write)
    assert len(write.warnings) == 1
