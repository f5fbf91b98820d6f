from __future__ import annotations

from typing import Any

import pytest
import yaml

from airflow_provider_datacube._page.manifest import manifest_of
from airflow_provider_datacube._page.rows import end_of, row_of

CANARY = "canary-4f2a"


def test_a_row_says_what_moves_where_and_who_made_it(cube: dict[str, Any]) -> None:
    row = row_of("k8s", cube)
    assert row["key"] == "k8s/u-1"
    assert (row["state"], row["type"], row["direction"]) == ("Pending", "git", "download")
    assert (row["source"], row["sink"]) == ("https://git.example.org/a/repo.git", "data/code")
    assert (row["attempts"], row["retries"], row["ended"]) == (0, 2, "")
    assert row["task"] == {
        "dag_id": "train",
        "run_id": "manual__1",
        "task_id": "download",
        "map_index": -1,
    }


def test_an_upload_is_named_by_its_sink(cube: dict[str, Any]) -> None:
    spec = cube["spec"]
    spec["source"], spec["sink"] = spec["sink"], spec["source"]
    row = row_of("k8s", cube)
    assert (row["type"], row["direction"], row["source"]) == ("git", "upload", "data/code")


def test_an_end_is_told_by_its_condition(cube: dict[str, Any]) -> None:
    since = "2026-11-25T10:05:00Z"
    failed = {"type": "Failed", "status": "True", "reason": "NetworkError", "message": "no answer"}
    cube["status"] = {"attempts": 3, "conditions": [{**failed, "lastTransitionTime": since}]}
    row = row_of("k8s", cube)
    assert (row["state"], row["why"]) == ("Failed", "NetworkError: no answer")
    assert (row["attempts"], row["ended"]) == (3, since)


def test_what_no_task_made_has_no_task(cube: dict[str, Any]) -> None:
    del cube["metadata"]["annotations"]
    assert row_of("k8s", cube)["task"] is None


@pytest.mark.parametrize("index", ["x", ""])
def test_a_strange_map_index_counts_as_none(cube: dict[str, Any], index: str) -> None:
    cube["metadata"]["annotations"]["airflow-provider-datacube/map_index"] = index
    task = row_of("k8s", cube)["task"]
    assert task is not None
    assert task["map_index"] == -1


def test_an_object_of_another_shape_is_a_row_all_the_same(cube: dict[str, Any]) -> None:
    assert row_of("k8s", {**cube, "spec": {}, "status": None})["source"] == ""


def test_an_address_shows_no_credential() -> None:
    url = {"name": "url", "value": f"https://user:{CANARY}@git.example.org/a.git"}
    assert end_of({"type": "git", "options": [url]}) == "https://***@git.example.org/a.git"


def test_an_address_that_stands_elsewhere_is_told_by_where() -> None:
    given = {"configMapKeyRef": {"name": "places", "key": "repo"}}
    option = {"name": "repo", "valueFrom": given}
    assert end_of({"type": "huggingface", "options": [option]}) == "ConfigMap places, key repo"


def test_the_yaml_masks_values_and_keeps_references(cube: dict[str, Any]) -> None:
    secret = {"secretKeyRef": {"name": "hf-token", "key": "token"}}
    cube["spec"]["source"]["options"] += [
        {"name": "token", "value": CANARY},
        {"name": "token", "valueFrom": secret},
        {"name": "extra", "value": f"--header=Authorization: Bearer {CANARY}"},
    ]
    cube["spec"]["executor"]["env"] = [{"name": "MY_PASSWORD", "value": CANARY}]
    cube["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    cube["metadata"]["annotations"][applied] = f'{{"token": "{CANARY}"}}'
    text = manifest_of(cube)
    assert CANARY not in text
    assert "managedFields" not in text
    read = yaml.safe_load(text)
    assert read["spec"]["source"]["options"][1] == {"name": "token", "value": "***"}
    assert read["spec"]["source"]["options"][2]["valueFrom"] == secret
    assert read["spec"]["sink"] == cube["spec"]["sink"]
