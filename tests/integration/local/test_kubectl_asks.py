from __future__ import annotations

import json
from typing import Any

import pytest

Make = Any


@pytest.fixture
def numbered(cluster: Any, cube: Make) -> Any:
    """A DataCube with a label that is a number."""
    made = cube("ka-cube")
    made["metadata"]["labels"] = {"turn": "7"}
    cluster.kubectl("create", "-f", "-", text=json.dumps(made))
    yield made
    cluster.kubectl("delete", "datacube", "ka-cube", "--ignore-not-found")


def test_the_cluster_says_where_it_is(cluster: Any) -> None:
    assert cluster.server in cluster.kubectl("cluster-info")


def test_there_are_no_services_and_none_can_be_made(cluster: Any) -> None:
    assert cluster.kubectl("get", "services", "-o", "name") == ""
    refused = cluster.kubectl("create", "service", "clusterip", "a", "--tcp=80", fails=True)
    assert "the embedded cluster has no services" in refused


@pytest.mark.parametrize(
    ("version", "kind"), [("example.org/v1", "Nothing"), ("apps/v1", "Deployment")]
)
def test_a_kind_that_is_not_there_is_said_to_be_missing(
    cluster: Any, version: str, kind: str
) -> None:
    manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}}
    for verb in ("create", "apply"):
        refused = cluster.kubectl(verb, "-f", "-", text=json.dumps(manifest), fails=True)
        assert f'no matches for kind "{kind}" in version "{version}"' in refused


def test_labels_are_compared_as_numbers(cluster: Any, numbered: Any) -> None:
    name = f"datacube.tensorstack.dev/{numbered['metadata']['name']}\n"
    assert cluster.kubectl("get", "datacubes", "-l", "turn>6", "-o", "name") == name
    assert cluster.kubectl("get", "datacubes", "-l", "turn<7", "-o", "name") == ""


@pytest.mark.parametrize(
    "condition", ["condition=Never", "jsonpath={.status.phase}=Never", "delete"]
)
def test_waiting_for_what_does_not_happen_ends_in_time(
    cluster: Any, numbered: Any, condition: str
) -> None:
    name = f"datacube/{numbered['metadata']['name']}"
    ended = cluster.kubectl("wait", name, f"--for={condition}", "--timeout=1s", fails=True)
    assert "timed out waiting for the condition" in ended


def test_a_manifest_replaces_what_may_not_change(cluster: Any, numbered: Any) -> None:
    url = numbered["spec"]["source"]["options"][0]
    url["value"] = "https://example.org/another/repo.git"
    changed = json.dumps(numbered)
    assert "spec is immutable" in cluster.kubectl("replace", "-f", "-", text=changed, fails=True)
    cluster.kubectl("replace", "--force", "-f", "-", text=changed)
    assert "another" in cluster.kubectl("get", "datacube", "ka-cube", "-o", "yaml")


@pytest.mark.parametrize(
    "selector", ["--selector=turn>many", "--field-selector=spec.source.type=git"]
)
def test_a_selector_that_cannot_select_is_refused(cluster: Any, selector: str) -> None:
    refused = cluster.kubectl("get", "datacubes", selector, fails=True)
    assert "must be an integer" in refused or "field label not supported" in refused
