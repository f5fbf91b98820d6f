from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.store import Store


@pytest.fixture
def store() -> Store:
    return Store()


def changed(obj: dict[str, Any], **metadata: str) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], **metadata}}


def test_an_object_is_found_by_name_uid_and_owner(make: Any, store: Store) -> None:
    job = make.job(make.cube())
    store.put(job)
    assert store.get(Key("ns", "cube-batchjob")) is job
    assert store.with_uid("uid-cube-job") is job
    assert store.owned_by("uid-cube") == (job,)
    assert store.all_keys() == (Key("ns", "cube-batchjob"),)


def test_what_is_not_there_is_not_found(store: Store) -> None:
    assert store.get(Key("ns", "x")) is None
    assert store.with_uid("x") is None
    assert store.owned_by("x") == ()


def test_a_namesake_replaces_the_one_before(make: Any, store: Store) -> None:
    store.put(make.cube())
    store.put(make.cube(metadata={"uid": "uid-2"}))
    assert store.with_uid("uid-cube") is None
    assert store.with_uid("uid-2") is not None


def test_a_removed_object_is_found_by_nothing(make: Any, store: Store) -> None:
    one, two = make.pod(number=1), make.pod(number=2)
    for pod in (one, two, make.cube()):
        store.put(pod)
    store.remove(one)
    store.remove(one)
    assert store.owned_by("uid-cube-job") == (two,)
    store.remove(two)
    assert store.owned_by("uid-cube-job") == ()
    store.remove(make.cube())
    assert store.all_keys() == ()


def test_an_owner_that_does_not_control_is_not_indexed(make: Any, store: Store) -> None:
    job = make.job(make.cube())
    job["metadata"]["ownerReferences"][0]["controller"] = False
    store.put(job)
    assert store.owned_by("uid-cube") == ()


def test_replacing_all_tells_new_changed_and_gone(make: Any, store: Store) -> None:
    same, old, gone, new = (make.cube(name) for name in ("same", "old", "gone", "new"))
    for cube in (same, old, gone):
        store.put(cube)
    newer = changed(old, resourceVersion="2")
    assert store.replace([same, newer, new]) == (gone, newer, new)
    assert store.get(Key("ns", "gone")) is None
    assert store.get(Key("ns", "old")) is newer


def test_a_namesake_made_in_the_gap_counts_as_changed(make: Any, store: Store) -> None:
    store.put(make.cube())
    namesake = make.cube(metadata={"uid": "uid-2"})
    assert store.replace([namesake]) == (namesake,)


def test_a_list_of_one_namespace_leaves_the_others_alone(make: Any) -> None:
    store = Store()
    here, there = make.cube("here"), make.cube("there")
    there["metadata"]["namespace"] = "other"
    store.put(here)
    store.put(there)
    assert store.replace([], "ns") == (here,)
    assert store.all_keys() == (Key("other", "there"),)
