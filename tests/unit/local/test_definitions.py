from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import DEFINITIONS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Store

Make = Any


def definition(rule: str = "true", **version: Any) -> dict[str, Any]:
    spec = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": rule, "message": "the rule"}],
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    names = {"plural": "things", "kind": "Thing"}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema, **version}]
    return {
        "metadata": {"name": "things.example.org"},
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": names,
            "versions": versions,
        },
    }


def thing(n: int) -> dict[str, Any]:
    return {
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": {"n": n},
    }


def refused(registry: Registry, obj: dict[str, Any]) -> list[str]:
    with pytest.raises(ApiStatusError) as caught:
        registry.create(DEFINITIONS, None, obj)
    return [cause["field"] for cause in caught.value.details["causes"]]


def test_a_definition_is_in_force_at_once(registry: Registry) -> None:
    made = registry.create(DEFINITIONS, None, definition())
    true = {c["type"] for c in made["status"]["conditions"] if c["status"] == "True"}
    assert true == {"NamesAccepted", "Established"}
    assert made["spec"]["names"]["listKind"] == "ThingList"
    things = registry.resource("example.org", "things")
    assert registry.create(things, "default", thing(1))["spec"] == {"n": 1}


def test_a_definition_is_in_force_after_a_restart(store: Store) -> None:
    Registry(store).create(DEFINITIONS, None, definition())
    again = Registry(store)
    assert again.resource("example.org", "things").kind == "Thing"


def test_a_changed_definition_counts_from_then_on(registry: Registry) -> None:
    install(registry, definition())
    things = registry.resource("example.org", "things")
    registry.create(things, "default", thing(1))
    install(registry, definition(rule="self.n > 5"))
    registry.patch(things, "default", "a", {"metadata": {"labels": {"x": "1"}}})
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(things, "default", "a", {"spec": {"n": 2}})
    assert caught.value.details["causes"][0]["message"] == "Invalid value: the rule"


def test_installing_the_same_again_changes_nothing(registry: Registry) -> None:
    install(registry, definition())
    version = registry.version()
    install(registry, definition())
    assert registry.version() == version


def test_without_its_definition_a_resource_is_gone(registry: Registry) -> None:
    registry.create(DEFINITIONS, None, definition())
    things = registry.resource("example.org", "things")
    registry.create(things, "default", thing(1))
    registry.delete(DEFINITIONS, None, "things.example.org")
    with pytest.raises(ApiStatusError):
        registry.resource("example.org", "things")
    registry.create(DEFINITIONS, None, definition())
    assert registry.list(things) == []


def test_a_definition_goes_by_the_name_of_what_it_defines(registry: Registry) -> None:
    bad = definition()
    bad["metadata"]["name"] = "other.example.org"
    assert refused(registry, bad) == ["metadata.name"]


def test_one_version_is_stored(registry: Registry) -> None:
    fields = refused(registry, definition(storage=False))
    assert fields == ["spec.versions", "status.storedVersions"]


def test_a_schema_is_required(registry: Registry) -> None:
    fields = refused(registry, definition(schema={}))
    assert fields == ["spec.versions[0].schema.openAPIV3Schema"]


def test_a_rule_that_is_no_cel_is_refused(registry: Registry) -> None:
    (field,) = refused(registry, definition(rule="self.n >"))
    assert field.endswith("properties[spec].x-kubernetes-validations[0].rule")


def test_a_spec_is_required(registry: Registry) -> None:
    assert refused(registry, {"metadata": {"name": "x"}}) == ["spec"]
    assert refused(registry, {"metadata": {"name": "x"}, "spec": {"names": {}}}) == [
        "spec.group",
        "spec.scope",
        "spec.versions",
        "spec.names.plural",
        "spec.names.kind",
    ]


def test_the_projects_own_definition_takes_a_datacube(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    made = registry.create(cubes, "default", cube("a"))
    assert made["spec"] == cube("a")["spec"]


def test_the_projects_own_definition_freezes_the_spec(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    registry.create(cubes, "default", cube("a"))
    patch = {"spec": {"sink": {"pvc": {"name": "other"}}}}
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(cubes, "default", "a", patch)
    assert caught.value.code == 422
    assert "spec" in {cause["field"] for cause in caught.value.details["causes"]}
