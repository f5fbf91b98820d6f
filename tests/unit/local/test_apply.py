from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.patches import APPLY
from datacube_runtime.local.registry.resources import CONFIG_MAPS, PODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

    Apply = Callable[..., dict[str, Any]]


@pytest.fixture
def apply(registry: Registry) -> Apply:
    """Apply a ConfigMap, or what else is said, for a manager."""

    def send(manager: str, data: Any = None, **said: Any) -> dict[str, Any]:
        resource: Resource = said.pop("resource", CONFIG_MAPS)
        write = Write(manager=manager, force=said.pop("force", False))
        write.dry_run = said.pop("dry_run", False)
        subresource = said.pop("subresource", "")
        config = said.pop("config", None) or {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", **said.pop("meta", {})},
            **({} if data is None else {"data": data}),
        }
        name = said.pop("name", "c")
        return registry.patch(
            resource,
            "default",
            name,
            config,
            patch_type=APPLY,
            write=write,
            subresource=subresource,
        )

    return send


def owners(obj: dict[str, Any]) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"].get("managedFields", [])}


def test_what_is_applied_is_created_and_owned(apply: Apply) -> None:
    made = apply("m1", {"a": "1", "b": "2"})
    assert made["data"] == {"a": "1", "b": "2"}
    (entry,) = made["metadata"]["managedFields"]
    assert entry == {
        "manager": "m1",
        "operation": "Apply",
        "apiVersion": "v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
    }


def test_what_a_manager_no_longer_says_goes(apply: Apply) -> None:
    apply("m1", {"a": "1", "b": "2"})
    left = apply("m1", {"a": "1"})
    assert left["data"] == {"a": "1"}
    assert owners(left) == {"m1": {"f:data": {"f:a": {}}}}


def test_what_two_managers_say_alike_is_shared_and_outlives_one_of_them(apply: Apply) -> None:
    apply("m1", {"a": "1", "b": "2"})
    shared = apply("m2", {"a": "1"})
    assert owners(shared)["m2"] == {"f:data": {"f:a": {}}}
    left = apply("m1", {"b": "2"})
    assert left["data"] == {"a": "1", "b": "2"}
    assert owners(left)["m1"] == {"f:data": {"f:b": {}}}


def test_what_others_own_is_a_conflict_that_names_them(apply: Apply, registry: Registry) -> None:
    apply("m1", {"a": "1"})
    writer = Write(manager="upd")
    registry.patch(CONFIG_MAPS, "default", "c", {"data": {"z": "1"}}, write=writer)
    with pytest.raises(ApiStatusError) as caught:
        apply("m2", {"a": "9", "z": "9"})
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "m1":\n- .data.a\n'
        'conflicts with "upd" using v1:\n- .data.z'
    )
    assert caught.value.details["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "m1"',
        "field": ".data.a",
    }


def test_force_takes_what_others_own(apply: Apply) -> None:
    apply("m1", {"a": "1", "b": "2"})
    taken = apply("m2", {"a": "9"}, force=True)
    assert taken["data"] == {"a": "9", "b": "2"}
    assert owners(taken) == {"m1": {"f:data": {"f:b": {}}}, "m2": {"f:data": {"f:a": {}}}}


def test_an_update_takes_what_it_changes_and_only_that(apply: Apply, registry: Registry) -> None:
    apply("m1", {"a": "1", "b": "2"})
    patch = {"data": {"a": "9", "b": "2", "z": "3"}}
    made = registry.patch(CONFIG_MAPS, "default", "c", patch, write=Write(manager="upd"))
    assert owners(made) == {
        "m1": {"f:data": {"f:b": {}}},
        "upd": {"f:data": {"f:a": {}, "f:z": {}}},
    }


def test_applying_the_same_again_writes_nothing(apply: Apply, clock: Any) -> None:
    before = apply("m1", {"a": "1"})
    clock.pass_s(60)
    assert apply("m1", {"a": "1"}) == before


def test_a_dry_run_shows_what_would_be_and_stores_nothing(apply: Apply, registry: Registry) -> None:
    assert owners(apply("m1", {"a": "1"}, dry_run=True)) == {"m1": {"f:data": {"f:a": {}}}}
    with pytest.raises(ApiStatusError, match="not found"):
        registry.get(CONFIG_MAPS, "default", "c")


def test_items_of_a_keyed_list_are_owned_one_by_one(apply: Apply) -> None:
    def config(**env: str) -> dict[str, Any]:
        said = [{"name": name, "value": value} for name, value in env.items()]
        container = {"name": "c", "image": "x:1", "env": said}
        meta = {"name": "p"}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta,
            "spec": {"containers": [container]},
        }

    first = apply("m1", config=config(A="1"), resource=PODS, name="p")
    step = 'k:{"name":"A"}'
    env = {step: {".": {}, "f:name": {}, "f:value": {}}}
    below = {".": {}, "f:name": {}, "f:image": {}, "f:env": env}
    assert owners(first)["m1"] == {"f:spec": {"f:containers": {'k:{"name":"c"}': below}}}
    with pytest.raises(ApiStatusError, match=r'\.spec\.containers\[name="c"\]\.env\[name="A"\]'):
        apply("m2", config=config(A="2"), resource=PODS, name="p")


def test_options_of_a_cube_are_one_piece(
    apply: Apply, cubes: Resource, cube: Callable[..., dict[str, Any]]
) -> None:
    made = apply("m1", config=cube(), resource=cubes, name="a")
    assert owners(made)["m1"]["f:spec"]["f:source"]["f:options"] == {}
    other = cube()
    other["spec"]["source"]["options"][0]["value"] = "https://example.org/b.git"
    with pytest.raises(ApiStatusError, match=r'conflict with "m1": \.spec\.source\.options'):
        apply("m2", config=other, resource=cubes, name="a")


def test_status_has_owners_of_its_own(
    apply: Apply, cubes: Resource, cube: Callable[..., dict[str, Any]]
) -> None:
    apply("m1", config=cube(), resource=cubes, name="a")
    said = {**cube(), "status": {"phase": "Running"}}
    made = apply("m1", config=said, resource=cubes, name="a", subresource="status")
    assert made["status"] == {"phase": "Running"}
    entries = made["metadata"]["managedFields"]
    assert [entry.get("subresource") for entry in entries] == [None, "status"]
    assert entries[1]["fieldsV1"] == {"f:status": {"f:phase": {}}}
    said["status"]["phase"] = "Failed"
    with pytest.raises(ApiStatusError, match=r'"m1" with subresource "status": \.status\.phase'):
        apply("m2", config=said, resource=cubes, name="a", subresource="status")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"apiVersion": "v2"}, 400, "invalid object type: /v2, Kind=ConfigMap"),
        ({"kind": ""}, 400, "invalid object type: /v1, Kind="),
        ({"metadata": {}}, 400, "c based on URL.* name must be provided"),
        ({"metadata": {"name": "d"}}, 400, "does not match the name on the URL"),
        ({"metadata": {"name": "c", "managedFields": [{}]}}, 400, "managedFields must be nil"),
        ({"metadata": {"name": "c", "uid": "u"}}, 409, "uid mismatch"),
    ],
)
def test_what_cannot_be_applied_is_refused(
    apply: Apply, change: dict[str, Any], code: int, words: str
) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    with pytest.raises(ApiStatusError, match=words) as caught:
        apply("m1", config={**config, **change})
    assert caught.value.code == code


def test_fields_without_a_schema_are_refused(
    apply: Apply, cubes: Resource, cube: Callable[..., dict[str, Any]]
) -> None:
    config = copy.deepcopy(cube())
    config["spec"]["foo"] = 1
    with pytest.raises(
        ApiStatusError, match=r"\.spec\.foo: field not declared in schema"
    ) as caught:
        apply("m1", config=config, resource=cubes, name="a")
    assert caught.value.code == 500


def test_a_status_that_has_no_object_is_not_created(apply: Apply) -> None:
    config = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    with pytest.raises(ApiStatusError, match="not found"):
        apply("m1", config=config, resource=PODS, name="p", subresource="status")


def test_the_last_label_of_a_manager_goes_with_its_map(apply: Apply) -> None:
    apply("m1", meta={"labels": {"l": "1"}})
    left = apply("m1")
    assert "labels" not in left["metadata"]
    assert owners(left) == {}
