from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.options import Delete
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import (
    CLAIMS,
    DEFINITIONS,
    NAMESPACES,
    PODS,
    SECRETS,
)

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Store

Make = Any
FINALIZER = "example.org/f"


def names(registry: Registry, resource: Resource) -> list[str]:
    return [obj["metadata"]["name"] for obj in registry.list(resource)]


def owner_of(owner: dict[str, Any], **more: Any) -> dict[str, Any]:
    meta = owner["metadata"]
    who = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"]}
    return {**who, "uid": meta["uid"], **more}


def blocked_by(owner: dict[str, Any]) -> list[dict[str, Any]]:
    return [owner_of(owner, blockOwnerDeletion=True)]


@pytest.mark.parametrize(
    ("propagation", "finalizer"), [("Orphan", "orphan"), ("Foreground", "foregroundDeletion")]
)
def test_the_answer_shows_what_an_object_waits_for_even_if_it_waits_for_nothing(
    registry: Registry, secret: Make, propagation: str, finalizer: str
) -> None:
    registry.create(SECRETS, "default", secret("a"))
    meta = registry.delete(SECRETS, "default", "a", propagation=propagation)["metadata"]
    assert meta["finalizers"] == [finalizer]
    assert meta["deletionTimestamp"]
    assert names(registry, SECRETS) == []


def test_a_dependent_that_does_not_block_goes_after_its_owner(
    registry: Registry, secret: Make
) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    child = secret("child", ownerReferences=[owner_of(owner)], finalizers=[FINALIZER])
    registry.create(SECRETS, "default", child)
    registry.delete(SECRETS, "default", "owner", propagation="Foreground")
    assert names(registry, SECRETS) == ["child"]
    assert registry.get(SECRETS, "default", "child")["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize("way", ["it disowns", "it stops blocking"])
def test_an_owner_that_nobody_blocks_any_more_goes(
    registry: Registry, secret: Make, way: str
) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    other = registry.create(SECRETS, "default", secret("other"))
    child = secret("child", ownerReferences=blocked_by(owner), finalizers=[FINALIZER])
    registry.create(SECRETS, "default", child)
    registry.delete(SECRETS, "default", "owner", propagation="Foreground")
    assert "owner" in names(registry, SECRETS)
    left = [owner_of(other)] if way == "it disowns" else [owner_of(owner)]
    registry.patch(SECRETS, "default", "child", {"metadata": {"ownerReferences": left}})
    assert "owner" not in names(registry, SECRETS)


def test_a_dependent_that_another_owns_too_is_let_go(registry: Registry, secret: Make) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    other = registry.create(SECRETS, "default", secret("other"))
    both = [*blocked_by(owner), owner_of(other)]
    registry.create(SECRETS, "default", secret("child", ownerReferences=both))
    registry.delete(SECRETS, "default", "owner", propagation="Foreground")
    assert names(registry, SECRETS) == ["child", "other"]
    child = registry.get(SECRETS, "default", "child")
    assert child["metadata"]["ownerReferences"] == [owner_of(other)]


def test_owners_in_a_circle_go_all_the_same(registry: Registry, secret: Make) -> None:
    one = registry.create(SECRETS, "default", secret("one"))
    two = registry.create(SECRETS, "default", secret("two", ownerReferences=blocked_by(one)))
    circle = {"metadata": {"ownerReferences": blocked_by(two)}}
    registry.patch(SECRETS, "default", "one", circle)
    registry.delete(SECRETS, "default", "one", propagation="Foreground")
    assert names(registry, SECRETS) == []


def test_a_chain_of_owners_is_as_long_as_it_likes(registry: Registry, secret: Make) -> None:
    last = registry.create(SECRETS, "default", secret("s0"))
    for number in range(1, 1200):
        made = secret(f"s{number}", ownerReferences=[owner_of(last)])
        last = registry.create(SECRETS, "default", made)
    registry.delete(SECRETS, "default", "s0")
    assert names(registry, SECRETS) == []


def test_a_second_delete_may_choose_another_way(registry: Registry, secret: Make) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    child = secret("child", ownerReferences=blocked_by(owner), finalizers=[FINALIZER])
    registry.create(SECRETS, "default", child)
    registry.delete(SECRETS, "default", "owner", propagation="Foreground")
    answer = registry.delete(SECRETS, "default", "owner", propagation="Background")
    assert answer["status"] == "Success"
    assert names(registry, SECRETS) == ["child"]


def test_a_finalizer_that_is_there_decides_for_a_client_that_does_not(
    registry: Registry, secret: Make
) -> None:
    owner = registry.create(SECRETS, "default", secret("owner", finalizers=["orphan"]))
    registry.create(SECRETS, "default", secret("child", ownerReferences=[owner_of(owner)]))
    registry.delete(SECRETS, "default", "owner")
    assert names(registry, SECRETS) == ["child"]


@pytest.mark.parametrize("wrong", [{"name": "x"}, {"uid": "x"}, {"kind": "ConfigMap"}])
def test_an_owner_has_to_be_named_rightly(
    registry: Registry, secret: Make, wrong: dict[str, str]
) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    made = secret("child", ownerReferences=[owner_of(owner, **wrong)])
    registry.create(SECRETS, "default", made)
    assert names(registry, SECRETS) == ["owner"]


def test_a_dry_run_shows_what_a_delete_would_leave(registry: Registry, secret: Make) -> None:
    registry.create(SECRETS, "default", secret("a", finalizers=[FINALIZER]))
    shown = registry.delete_with(SECRETS, "default", "a", Delete(dry_run=True))
    assert shown["metadata"]["deletionTimestamp"]
    assert "deletionTimestamp" not in registry.get(SECRETS, "default", "a")["metadata"]


def test_a_definition_waits_for_its_objects_and_takes_no_new_ones(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    registry.create(cubes, "default", cube("a", finalizers=[FINALIZER]))
    name = cubes.qualified
    shown = registry.delete(DEFINITIONS, None, name)
    assert shown["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    reasons = {c["type"]: c["reason"] for c in shown["status"]["conditions"]}
    assert reasons["Terminating"] == "InstanceDeletionPending"
    with pytest.raises(ApiStatusError, match="create not allowed while") as caught:
        registry.create(cubes, "default", cube("b"))
    assert caught.value.code == 403
    now = registry.get(DEFINITIONS, None, name)
    assert now["status"]["conditions"][-1]["reason"] == "InstanceDeletionInProgress"
    registry.patch(cubes, "default", "a", {"metadata": {"finalizers": None}})
    assert names(registry, DEFINITIONS) == []


def test_a_changed_definition_still_says_that_it_goes(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    registry.create(cubes, "default", cube("a", finalizers=[FINALIZER]))
    registry.delete(DEFINITIONS, None, cubes.qualified)
    label = {"metadata": {"labels": {"x": "1"}}}
    registry.patch(DEFINITIONS, None, cubes.qualified, label)
    changed = registry.get(DEFINITIONS, None, cubes.qualified)
    kinds = [c["type"] for c in changed["status"]["conditions"]]
    assert kinds == ["NamesAccepted", "Established", "Terminating"]
    with pytest.raises(ApiStatusError):
        registry.create(cubes, "default", cube("b"))


@pytest.mark.parametrize(
    "resource", [SECRETS, NAMESPACES, CLAIMS], ids=["an owner", "a namespace", "a claim"]
)
def test_what_was_left_half_done_is_taken_up_at_the_start(
    store: Store, resource: Resource, secret: Make, claim: Make
) -> None:
    before = Registry(store)
    finalizer = {
        SECRETS: ["foregroundDeletion"],
        NAMESPACES: [],
        CLAIMS: ["kubernetes.io/pvc-protection"],
    }
    made = {SECRETS: secret("x"), CLAIMS: claim("x"), NAMESPACES: {"metadata": {"name": "x"}}}
    place = "default" if resource.namespaced else None
    obj = before.create(resource, place, made[resource])
    mark = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0}
    obj["metadata"] |= {**mark, "finalizers": finalizer[resource]}
    store.put(resource.key, obj)
    assert "x" not in names(Registry(store), resource)


def test_a_definition_that_was_going_goes_on_after_a_restart(
    store: Store, registry: Registry, cubes: Resource, cube: Make
) -> None:
    registry.create(cubes, "default", cube("a", finalizers=[FINALIZER]))
    registry.delete(DEFINITIONS, None, cubes.qualified)
    again = Registry(store)
    with pytest.raises(ApiStatusError, match="create not allowed while"):
        again.create(cubes, "default", cube("b"))
    again.patch(cubes, "default", "a", {"metadata": {"finalizers": None}})
    assert names(again, DEFINITIONS) == []


def test_watchers_see_why_a_pod_goes(registry: Registry, pod: Make) -> None:
    registry.create(PODS, "default", pod("p"))
    since = registry.version()
    registry.delete(PODS, "default", "p")
    kinds = [event.kind for event in registry.changes(PODS, "default", since)]
    assert kinds == ["MODIFIED", "DELETED"]
