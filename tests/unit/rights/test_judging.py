"""The judge of the tests of rights: it has to say no as Kubernetes does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rights.judging import Account, Asked

CUBES = "/apis/tensorstack.dev/v1beta1/namespaces/a/datacubes"
PODS = {"apiGroups": [""], "resources": ["pods"]}
PUBLIC = ("/version", "/api", "/apis", "/api/v1", "/apis/batch/v1", "/openapi/v3")


@pytest.mark.parametrize(
    ("method", "path", "query", "asked"),
    [
        ("GET", "/api/v1/pods", {}, ("list", "", "pods", "", "")),
        ("GET", "/api/v1/namespaces/a/pods", {"watch": "True"}, ("watch", "", "pods", "a", "")),
        ("GET", "/api/v1/namespaces/a/pods/p/log", {}, ("get", "", "pods/log", "a", "p")),
        ("GET", "/api/v1/namespaces/a", {}, ("get", "", "namespaces", "", "a")),
        ("POST", CUBES, {}, ("create", "tensorstack.dev", "datacubes", "a", "")),
        (
            *("PATCH", f"{CUBES}/c/status", {}),
            ("patch", "tensorstack.dev", "datacubes/status", "a", "c"),
        ),
    ],
)
def test_a_request_is_read_as_rbac_reads_it(
    method: str, path: str, query: dict[str, str], asked: tuple[str, ...]
) -> None:
    assert Asked.of(method, path, query) == asked


@pytest.mark.parametrize("path", PUBLIC)
def test_what_everybody_may_is_not_judged(path: str) -> None:
    assert Asked.of("GET", path, {}) is None


def manifests(kind: str = "Role", **rule: Any) -> list[dict[str, Any]]:
    place = {} if kind == "ClusterRole" else {"namespace": "a"}
    meta, account = {"name": "r", **place}, {"name": "s", "namespace": "a"}
    bound = {"subjects": [{"kind": "ServiceAccount", **account}]}
    return [
        {"kind": "ServiceAccount", "metadata": account},
        {"kind": kind, "metadata": meta, "rules": [{**PODS, **rule}]},
        {
            "kind": f"{kind}Binding",
            "metadata": meta,
            **bound,
            "roleRef": {"kind": kind, "name": "r"},
        },
    ]


def may(account: Account, verb: str, namespace: str, name: str = "") -> bool:
    return account.right_to(Asked(verb, "", "pods", namespace, name)) is not None


def test_a_role_is_good_for_its_namespace_and_a_cluster_role_for_all() -> None:
    here = Account.of(manifests(verbs=["list"]), "s")
    everywhere = Account.of(manifests("ClusterRole", verbs=["list"]), "s")
    assert [may(here, "list", where) for where in ("a", "b", "")] == [True, False, False]
    assert [may(everywhere, "list", where) for where in ("a", "b", "")] == [True, True, True]
    assert not may(everywhere, "watch", "a")


def test_a_rule_for_names_covers_no_other_name_and_no_create() -> None:
    account = Account.of(manifests(verbs=["get", "create"], resourceNames=["p"]), "s")
    assert may(account, "get", "a", "p")
    assert not may(account, "get", "a", "q")
    assert not may(account, "create", "a")


def test_an_account_that_nothing_is_bound_to_may_nothing() -> None:
    assert not Account.of(manifests(verbs=["get"]), "other").rights
