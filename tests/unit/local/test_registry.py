from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.options import Delete, Write
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import CONFIG_MAPS, LEASES, NAMESPACES, SECRETS
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacube_runtime.local.registry.resources import Resource

Make = Any


def refusal(call: Callable[[], Any]) -> ApiStatusError:
    with pytest.raises(ApiStatusError) as caught:
        call()
    return caught.value


def test_a_new_object_gets_an_identity(registry: Registry, secret: Make) -> None:
    made = registry.create(SECRETS, "default", secret("a"))
    meta = made["metadata"]
    assert (meta["name"], meta["namespace"]) == ("a", "default")
    assert meta["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert meta["resourceVersion"] == str(registry.version())
    assert len(meta["uid"]) == 36
    assert registry.get(SECRETS, "default", "a") == made


def test_what_goes_in_and_out_is_a_copy(registry: Registry, secret: Make) -> None:
    given = secret("a", labels={"x": "1"})
    made = registry.create(SECRETS, "default", given)
    given["metadata"]["labels"]["x"] = "2"
    made["metadata"]["labels"]["x"] = "3"
    assert registry.get(SECRETS, "default", "a")["metadata"]["labels"] == {"x": "1"}


def test_names_are_generated(registry: Registry, secret: Make) -> None:
    given = secret("")
    given["metadata"] = {"generateName": "x" * 80}
    first = registry.create(SECRETS, "default", given)["metadata"]["name"]
    second = registry.create(SECRETS, "default", given)["metadata"]["name"]
    assert first != second
    assert len(first) == 63


def test_a_name_is_taken_once(registry: Registry, secret: Make) -> None:
    registry.create(SECRETS, "default", secret("a"))
    error = refusal(lambda: registry.create(SECRETS, "default", secret("a")))
    assert (error.code, error.reason) == (409, "AlreadyExists")
    registry.create(SECRETS, "kube-system", secret("a"))


def test_a_namespace_has_to_be_there(registry: Registry, secret: Make) -> None:
    assert refusal(lambda: registry.create(SECRETS, "absent", secret())).code == 404
    registry.create(NAMESPACES, None, {"metadata": {"name": "absent"}})
    registry.create(SECRETS, "absent", secret())


def test_a_dry_run_leaves_nothing(registry: Registry, secret: Make) -> None:
    version = registry.version()
    made = registry.create(SECRETS, "default", secret("a"), Write(dry_run=True))
    assert "resourceVersion" not in made["metadata"]
    assert refusal(lambda: registry.get(SECRETS, "default", "a")).code == 404
    registry.create(SECRETS, "default", secret("b"))
    registry.delete_with(SECRETS, "default", "b", Delete(dry_run=True))
    assert registry.version() == version + 1


def test_a_stale_writer_is_refused(registry: Registry, secret: Make) -> None:
    old = registry.create(SECRETS, "default", secret("a"))
    registry.patch(SECRETS, "default", "a", {"metadata": {"labels": {"x": "1"}}})
    error = refusal(lambda: registry.update(SECRETS, "default", "a", old))
    assert (error.code, error.reason) == (409, "Conflict")
    old["metadata"].pop("resourceVersion")
    assert "labels" not in registry.update(SECRETS, "default", "a", old)["metadata"]


def test_a_lease_is_never_replaced_blindly(registry: Registry) -> None:
    registry.create(LEASES, "default", {"metadata": {"name": "a"}})
    error = refusal(lambda: registry.update(LEASES, "default", "a", {"metadata": {"name": "a"}}))
    assert error.details["causes"][0]["field"] == "metadata.resourceVersion"


def test_no_change_is_no_new_version(registry: Registry, secret: Make) -> None:
    made = registry.create(SECRETS, "default", secret("a", labels={"x": "1"}))
    again = registry.patch(SECRETS, "default", "a", {"metadata": {"labels": {"x": "1"}}})
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert registry.version() == int(made["metadata"]["resourceVersion"])


def test_what_the_server_owns_cannot_be_written(registry: Registry, secret: Make) -> None:
    then = "1999-01-01T00:00:00Z"
    made = registry.create(SECRETS, "default", secret("a", creationTimestamp=then, uid="mine"))
    assert made["metadata"]["uid"] != "mine"
    patch = {"metadata": {"creationTimestamp": then, "deletionTimestamp": then}}
    assert registry.patch(SECRETS, "default", "a", patch) == made


def test_generation_counts_changes_of_the_spec(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    made = registry.create(cubes, "default", cube("a"))
    assert made["metadata"]["generation"] == 1
    labels = {"metadata": {"labels": {"x": "1"}}}
    assert registry.patch(cubes, "default", "a", labels)["metadata"]["generation"] == 1
    status = {"status": {"phase": "Running"}}
    patched = registry.patch(cubes, "default", "a", status, subresource="status")
    assert patched["metadata"]["generation"] == 1


def test_status_is_written_through_its_endpoint_only(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    registry.create(cubes, "default", {**cube("a"), "status": {"phase": "Mine"}})
    assert "status" not in registry.get(cubes, "default", "a")
    registry.patch(cubes, "default", "a", {"status": {"phase": "Mine"}})
    assert "status" not in registry.get(cubes, "default", "a")
    both = {"status": {"phase": "Running"}, "metadata": {"labels": {"x": "1"}}}
    patched = registry.patch(cubes, "default", "a", both, subresource="status")
    assert patched["status"] == {"phase": "Running"}
    assert "labels" not in patched["metadata"]


def test_a_patch_that_names_no_metadata_changes_only_what_it_names(
    registry: Registry, secret: Make
) -> None:
    registry.create(SECRETS, "default", secret("a"))
    patched = registry.patch(SECRETS, "default", "a", {"data": {"more": "MQ=="}})
    assert patched["data"] == {"token": "YWJj", "more": "MQ=="}


def test_labels_have_to_be_labels(registry: Registry) -> None:
    bad = {"metadata": {"name": "a", "labels": {"x": "not a label"}}}
    error = refusal(lambda: registry.create(CONFIG_MAPS, "default", bad))
    assert [cause["field"] for cause in error.details["causes"]] == ["metadata.labels"]
    worse = {"metadata": {"name": "a", "labels": {"x": 1}}}
    assert refusal(lambda: registry.create(CONFIG_MAPS, "default", worse)).code == 400


def test_all_is_there_after_a_restart(tmp_path: Path, secret: Make) -> None:
    store = Store(tmp_path / "db")
    made = Registry(store).create(SECRETS, "default", secret("a"))
    store.close()
    store = Store(tmp_path / "db")
    again = Registry(store)
    assert again.get(SECRETS, "default", "a") == made
    assert again.version() == int(made["metadata"]["resourceVersion"])
    store.close()


async def test_a_watch_tells_what_happens_from_a_version_on(
    registry: Registry, secret: Make
) -> None:
    since = registry.version()
    registry.create(SECRETS, "default", secret("a"))
    registry.create(CONFIG_MAPS, "default", {"metadata": {"name": "other"}})
    watch = registry.watch(SECRETS, None, since)
    assert (await anext(watch))[0] == "ADDED"
    registry.patch(SECRETS, "default", "a", {"metadata": {"labels": {"x": "1"}}})
    kind, obj = await anext(watch)
    assert (kind, obj["metadata"]["labels"]) == ("MODIFIED", {"x": "1"})
    registry.delete(SECRETS, "default", "a")
    kind, obj = await anext(watch)
    assert (kind, int(obj["metadata"]["resourceVersion"])) == ("DELETED", registry.version())
    await watch.aclose()


async def test_a_watch_from_a_forgotten_version_is_told_so(secret: Make) -> None:
    store = Store(":memory:", window=4)
    registry = Registry(store)
    for name in "abcdefgh":
        registry.create(SECRETS, "default", secret(name))
    with pytest.raises(ApiStatusError) as caught:
        await anext(registry.watch(SECRETS, None, 1))
    assert (caught.value.code, caught.value.reason) == (410, "Expired")
    store.close()
