from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import CLAIMS, JOBS, NAMESPACES, PODS, SECRETS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

Make = Any
FINALIZER = "example.org/f"


def is_there(registry: Registry, resource: Resource, name: str) -> bool:
    return any(obj["metadata"]["name"] == name for obj in registry.list(resource))


def owned_by(*owners: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        for owner in owners
    ]


@pytest.fixture
def running(registry: Registry, pod: Make, binding: Make) -> dict[str, Any]:
    """A pod that a node runs."""
    registry.create(PODS, "default", pod("p"))
    registry.bindings.bind("default", "p", binding("p"))
    return registry.patch(
        PODS, "default", "p", {"status": {"phase": "Running"}}, subresource="status"
    )


def test_a_delete_is_answered_with_what_is_gone(registry: Registry, secret: Make) -> None:
    made = registry.create(SECRETS, "default", secret("a"))
    answer = registry.delete(SECRETS, "default", "a")
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "a", "kind": "secrets", "uid": made["metadata"]["uid"]}
    assert not is_there(registry, SECRETS, "a")


def test_a_namesake_is_not_deleted(registry: Registry, secret: Make) -> None:
    registry.create(SECRETS, "default", secret("a"))
    with pytest.raises(ApiStatusError) as caught:
        registry.delete(SECRETS, "default", "a", uid="other")
    assert caught.value.code == 409
    assert is_there(registry, SECRETS, "a")


def test_a_finalizer_keeps_an_object(registry: Registry, secret: Make) -> None:
    registry.create(SECRETS, "default", secret("a", finalizers=[FINALIZER]))
    marked = registry.delete(SECRETS, "default", "a")
    assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    version = registry.version()
    registry.delete(SECRETS, "default", "a")
    assert registry.version() == version
    registry.patch(SECRETS, "default", "a", {"metadata": {"finalizers": None}})
    assert not is_there(registry, SECRETS, "a")


def test_a_running_pod_is_given_time(registry: Registry, running: dict[str, Any]) -> None:
    assert "deletionTimestamp" not in running["metadata"]
    meta = registry.delete(PODS, "default", "p")["metadata"]
    assert meta["deletionGracePeriodSeconds"] == 30
    assert meta["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    registry.patch(PODS, "default", "p", {"metadata": {"labels": {"x": "1"}}})
    assert is_there(registry, PODS, "p")
    registry.delete(PODS, "default", "p", grace_period_seconds=0)
    assert not is_there(registry, PODS, "p")


@pytest.mark.usefixtures("running")
def test_a_second_delete_can_shorten_the_time_but_not_stretch_it(registry: Registry) -> None:
    registry.delete(PODS, "default", "p", grace_period_seconds=5)
    registry.delete(PODS, "default", "p", grace_period_seconds=50)
    assert registry.get(PODS, "default", "p")["metadata"]["deletionGracePeriodSeconds"] == 5
    registry.delete(PODS, "default", "p", grace_period_seconds=1)
    assert registry.get(PODS, "default", "p")["metadata"]["deletionGracePeriodSeconds"] == 1


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
@pytest.mark.usefixtures("running")
def test_a_pod_that_ended_goes_at_once(registry: Registry, phase: str) -> None:
    registry.patch(PODS, "default", "p", {"status": {"phase": phase}}, subresource="status")
    registry.delete(PODS, "default", "p")
    assert not is_there(registry, PODS, "p")


def test_a_pod_without_a_node_goes_at_once(registry: Registry, pod: Make) -> None:
    registry.create(PODS, "default", pod("p"))
    registry.delete(PODS, "default", "p")
    assert not is_there(registry, PODS, "p")


def test_dependents_go_with_their_owner(registry: Registry, secret: Make) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    child = registry.create(SECRETS, "default", secret("child", ownerReferences=owned_by(owner)))
    registry.create(SECRETS, "default", secret("grandchild", ownerReferences=owned_by(child)))
    registry.create(SECRETS, "default", secret("stranger"))
    registry.delete(SECRETS, "default", "owner")
    assert [obj["metadata"]["name"] for obj in registry.list(SECRETS)] == ["stranger"]


def test_a_dependent_stays_while_it_has_another_owner(registry: Registry, secret: Make) -> None:
    first = registry.create(SECRETS, "default", secret("first"))
    second = registry.create(SECRETS, "default", secret("second"))
    both = owned_by(first, second)
    registry.create(SECRETS, "default", secret("child", ownerReferences=both))
    registry.delete(SECRETS, "default", "first")
    child = registry.get(SECRETS, "default", "child")
    assert [owner["name"] for owner in child["metadata"]["ownerReferences"]] == ["second"]
    registry.delete(SECRETS, "default", "second")
    assert not is_there(registry, SECRETS, "child")


def test_orphans_stay(registry: Registry, secret: Make) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    registry.create(SECRETS, "default", secret("child", ownerReferences=owned_by(owner)))
    registry.delete(SECRETS, "default", "owner", propagation="Orphan")
    assert "ownerReferences" not in registry.get(SECRETS, "default", "child")["metadata"]


@pytest.mark.parametrize(("propagation", "stays"), [(None, True), ("Background", False)])
def test_pods_of_a_job_stay_unless_the_client_says_otherwise(
    registry: Registry, job: Make, pod: Make, propagation: str | None, *, stays: bool
) -> None:
    owner = registry.create(JOBS, "default", job("j"))
    child = pod("p")
    child["metadata"]["ownerReferences"] = owned_by(owner)
    registry.create(PODS, "default", child)
    registry.delete(JOBS, "default", "j", propagation=propagation)
    assert is_there(registry, PODS, "p") is stays


def test_in_the_foreground_the_owner_goes_last(registry: Registry, secret: Make) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    (reference,) = owned_by(owner)
    blocking = [{**reference, "blockOwnerDeletion": True}]
    held = secret("child", ownerReferences=blocking, finalizers=[FINALIZER])
    registry.create(SECRETS, "default", held)
    registry.delete(SECRETS, "default", "owner", propagation="Foreground")
    assert is_there(registry, SECRETS, "owner")
    registry.patch(SECRETS, "default", "child", {"metadata": {"finalizers": None}})
    assert registry.list(SECRETS) == []


def test_an_object_of_a_dead_owner_is_collected(registry: Registry, secret: Make) -> None:
    owner = registry.create(SECRETS, "default", secret("owner"))
    registry.delete(SECRETS, "default", "owner")
    registry.create(SECRETS, "default", secret("late", ownerReferences=owned_by(owner)))
    assert not is_there(registry, SECRETS, "late")


def test_an_owner_of_an_unknown_kind_is_given_the_benefit_of_the_doubt(
    registry: Registry, secret: Make
) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "unknown"}
    registry.create(SECRETS, "default", secret("child", ownerReferences=[owner]))
    assert is_there(registry, SECRETS, "child")


def test_a_namespace_takes_everything_along(registry: Registry, secret: Make) -> None:
    registry.create(NAMESPACES, None, {"metadata": {"name": "n"}})
    registry.create(SECRETS, "n", secret("a"))
    registry.delete(NAMESPACES, None, "n")
    assert not is_there(registry, NAMESPACES, "n")
    assert registry.list(SECRETS, "n") == []


def test_a_namespace_waits_for_what_is_in_it_and_takes_nothing_new(
    registry: Registry, secret: Make
) -> None:
    registry.create(NAMESPACES, None, {"metadata": {"name": "n"}})
    registry.create(SECRETS, "n", secret("a", finalizers=[FINALIZER]))
    registry.delete(NAMESPACES, None, "n")
    assert registry.get(NAMESPACES, None, "n")["status"]["phase"] == "Terminating"
    with pytest.raises(ApiStatusError) as caught:
        registry.create(SECRETS, "n", secret("b"))
    assert caught.value.code == 403
    registry.patch(SECRETS, "n", "a", {"metadata": {"finalizers": None}})
    assert not is_there(registry, NAMESPACES, "n")


def test_the_first_namespaces_stay(registry: Registry) -> None:
    with pytest.raises(ApiStatusError) as caught:
        registry.delete(NAMESPACES, None, "default")
    assert caught.value.code == 403


@pytest.mark.parametrize("ending", ["it ends", "it is deleted"])
def test_a_volume_in_use_is_kept_until_the_pod_is_over(
    registry: Registry, pod: Make, claim: Make, ending: str
) -> None:
    registry.create(CLAIMS, "default", claim("data"))
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    registry.create(PODS, "default", pod("p", volumes=[volume]))
    registry.delete(CLAIMS, "default", "data")
    assert is_there(registry, CLAIMS, "data")
    if ending == "it ends":
        status = {"status": {"phase": "Succeeded"}}
        registry.patch(PODS, "default", "p", status, subresource="status")
    else:
        registry.delete(PODS, "default", "p")
    assert not is_there(registry, CLAIMS, "data")


def test_a_volume_that_nobody_uses_goes_at_once(registry: Registry, claim: Make) -> None:
    registry.create(CLAIMS, "default", claim("data"))
    registry.delete(CLAIMS, "default", "data")
    assert not is_there(registry, CLAIMS, "data")
