from __future__ import annotations

import copy
from typing import Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.patches import JSON, MERGE, STRATEGIC, apply_patch
from datacube_runtime.local.registry.resources import PODS, Resource

CUSTOM = Resource("example.org", "v1", "things", "Thing", is_custom=True)


def json_patched(obj: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    return apply_patch(JSON, CUSTOM, obj, list(operations))


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [  # RFC 7386, appendix A, as far as documents are objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_follow_the_rfc(
    target: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = copy.deepcopy(target)
    assert apply_patch(MERGE, CUSTOM, target, patch) == expected
    assert target == before


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/b", "value": 1}, {"a": [1, 2], "b": 1}),
        ({"op": "add", "path": "/a/1", "value": 9}, {"a": [1, 9, 2]}),
        ({"op": "add", "path": "/a/-", "value": 9}, {"a": [1, 2, 9]}),
        ({"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"op": "replace", "path": "/a", "value": {}}, {"a": {}}),
        ({"op": "move", "from": "/a", "path": "/x~1y"}, {"x/y": [1, 2]}),
        ({"op": "copy", "from": "/a/0", "path": "/c"}, {"a": [1, 2], "c": 1}),
        ({"op": "test", "path": "/a/0", "value": 1}, {"a": [1, 2]}),
    ],
)
def test_json_patches_follow_the_rfc(operation: dict[str, Any], expected: Any) -> None:
    assert json_patched({"a": [1, 2]}, operation) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/missing/x", "value": 1},
        {"op": "add", "path": "/a/3", "value": 1},
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "test", "path": "/a/0", "value": 2},
        {"op": "frobnicate", "path": "/a"},
        {"op": "add", "path": "a", "value": 1},
        {"op": "remove", "path": "/a/-1"},
        {"path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiStatusError) as caught:
        json_patched({"a": [1, 2]}, operation)
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    assert caught.value.body()["details"] == {}


def test_strategic_patches_merge_lists_by_their_key() -> None:
    obj = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b"}], "args": [1]}}
    patch = {"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "c"}], "args": [2]}}
    patched = apply_patch(STRATEGIC, PODS, obj, patch)
    containers = [{"name": "a", "image": "2"}, {"name": "b"}, {"name": "c"}]
    assert patched == {"spec": {"containers": containers, "args": [2]}}


def test_strategic_directives_delete_and_replace() -> None:
    obj = {"spec": {"volumes": [{"name": "a"}, {"name": "b"}], "env": [{"name": "x"}]}}
    patch = {
        "spec": {
            "$setElementOrder/volumes": [{"name": "b"}],
            "volumes": [{"name": "a", "$patch": "delete"}],
            "env": [{"name": "y"}, {"$patch": "replace"}],
        }
    }
    patched = apply_patch(STRATEGIC, PODS, obj, patch)
    assert patched == {"spec": {"volumes": [{"name": "b"}], "env": [{"name": "y"}]}}


def test_strategic_patches_can_drop_items_of_a_plain_list() -> None:
    obj = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}}
    patched = apply_patch(STRATEGIC, PODS, obj, patch)
    assert patched == {"metadata": {"finalizers": ["b", "c"]}}


@pytest.mark.parametrize("patch_type", [STRATEGIC, "application/foo"])
def test_formats_that_are_not_spoken_are_refused(patch_type: str) -> None:
    with pytest.raises(ApiStatusError) as caught:
        apply_patch(patch_type, CUSTOM, {}, {})
    assert caught.value.code == 415
