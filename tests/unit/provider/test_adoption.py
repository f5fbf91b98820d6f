from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._adoption import create_or_adopt
from airflow_provider_datacube._holding import Try
from airflow_provider_datacube._naming import IDENTITY_LABEL, TaskIdentity
from datacube_api.core import DNS_SUBDOMAIN
from datacube_api.errors import (
    DataCubeConflictError,
    DataCubeForbiddenError,
    DataCubeUnavailableError,
)
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from types import ModuleType

ME = TaskIdentity("etl", "run-1", "fetch")
SOMEBODY = TaskIdentity("etl", "run-2", "fetch")
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}
FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}


def a_try(number: int, identity: TaskIdentity = ME) -> Try:
    return Try(identity, number, f"{number:08x}-0000-7000-8000-000000000000")


def named(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def test_a_first_try_creates_with_one_request(store: Any, manifest: dict[str, Any]) -> None:
    made = create_or_adopt(store, manifest, a_try(1))
    assert not made.was_there
    assert made.cube["metadata"]["name"] == ME.base_name()
    assert made.cube["metadata"]["labels"][IDENTITY_LABEL] == ME.digest
    assert store.asked == ["create"]


@pytest.mark.parametrize("try_number", [1, 2])
def test_an_unfinished_one_of_an_earlier_life_is_adopted(
    store: Any, manifest: dict[str, Any], try_number: int
) -> None:
    first = create_or_adopt(store, manifest, a_try(1)).cube
    this = replace(a_try(2), number=try_number)  # 1: the DAG run was deleted and made anew
    again = create_or_adopt(store, manifest, this)
    assert again.was_there
    assert again.cube["metadata"]["uid"] == first["metadata"]["uid"]
    assert again.cube["metadata"]["labels"]["try_number"] == str(try_number)
    assert this.holds(again.cube)
    assert len(store.held) == 1


@pytest.mark.parametrize("length", [250, 251, 252, 253])
def test_the_successors_of_a_long_name_are_cut(
    store: Any, manifest: dict[str, Any], length: int
) -> None:
    name = "a" * 200 + ".b-c" * 12 + "d" * (length - 248)
    for number in range(1, 12):
        made = create_or_adopt(store, named(manifest, name), a_try(number)).cube
        store.set_status(CubeRef.of(made), FAILED)
    names = [cube["metadata"]["name"] for cube in store.held.values()]
    assert len(names) == 11
    assert names[0] == name
    assert all(len(one) <= 253 and re.fullmatch(DNS_SUBDOMAIN, one) for one in names)


def test_a_finished_one_has_a_successor(store: Any, manifest: dict[str, Any]) -> None:
    for number in (1, 2, 3):
        made = create_or_adopt(store, manifest, a_try(number))
        assert not made.was_there
        store.set_status(CubeRef.of(made.cube), FAILED)
    base = ME.base_name()
    assert {name for _, name in store.held} == {base, f"{base}-1", f"{base}-2"}


def test_a_running_successor_is_found_though_the_base_name_is_free(
    store: Any, manifest: dict[str, Any]
) -> None:
    first = CubeRef.of(create_or_adopt(store, manifest, a_try(1)).cube)
    store.set_status(first, FAILED)
    second = create_or_adopt(store, manifest, a_try(2)).cube
    store.delete(first)
    third = create_or_adopt(store, manifest, a_try(3))
    assert third.was_there
    assert third.cube["metadata"]["uid"] == second["metadata"]["uid"]


def test_one_that_is_being_deleted_is_not_adopted(store: Any, manifest: dict[str, Any]) -> None:
    first = create_or_adopt(store, manifest, a_try(1)).cube["metadata"]
    held = store.held[(first["namespace"], first["name"])]
    held["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    again = create_or_adopt(store, manifest, a_try(1)).cube["metadata"]
    assert again["name"] == f"{first['name']}-1"


def test_somebody_elses_is_left_alone_and_named(store: Any, manifest: dict[str, Any]) -> None:
    mine = named(manifest, "weights")
    create_or_adopt(store, mine, a_try(1, SOMEBODY))
    with pytest.raises(DataCubeConflictError, match=r"task 'fetch' of DAG 'etl', run 'run-2'"):
        create_or_adopt(store, mine, a_try(1))
    assert len(store.held) == 1


def test_one_that_no_task_made_is_left_alone(store: Any, manifest: dict[str, Any]) -> None:
    store.create(named(manifest, "weights"))
    with pytest.raises(DataCubeConflictError, match="was not made by an Airflow task"):
        create_or_adopt(store, named(manifest, "weights"), a_try(2))


def test_a_given_name_counts_on_too(store: Any, manifest: dict[str, Any]) -> None:
    made = create_or_adopt(store, named(manifest, "weights"), a_try(1)).cube
    store.set_status(CubeRef.of(made), FAILED)
    assert (
        create_or_adopt(store, named(manifest, "weights"), a_try(2)).cube["metadata"]["name"]
        == "weights-1"
    )


def test_a_name_that_becomes_free_in_between_is_taken(
    manifest: dict[str, Any], fakes: ModuleType
) -> None:
    class Racing(fakes.Store):  # type: ignore[name-defined, misc]  # loaded by path
        def read(self, ref: CubeRef) -> dict[str, Any]:
            self.held.clear()
            cube: dict[str, Any] = super().read(ref)
            return cube

    racing = Racing()
    racing.create(named(manifest, "weights"))
    assert not create_or_adopt(racing, named(manifest, "weights"), a_try(1)).was_there


def test_a_race_without_end_is_an_error(manifest: dict[str, Any], fakes: ModuleType) -> None:
    class Crowded(fakes.Store):  # type: ignore[name-defined, misc]  # loaded by path
        def create(self, _: Any) -> dict[str, Any]:
            raise DataCubeConflictError("taken", 409)

    with pytest.raises(DataCubeConflictError, match="another process"):
        create_or_adopt(Crowded(), named(manifest, "weights"), a_try(1))


def test_an_answer_that_was_lost_makes_no_second_one(store: Any, manifest: dict[str, Any]) -> None:
    create_or_adopt(store, manifest, a_try(1))  # made, but the worker never heard of it
    store.refuse("create", DataCubeUnavailableError("no answer", 0))
    with pytest.raises(DataCubeUnavailableError):
        create_or_adopt(store, manifest, a_try(1))
    assert create_or_adopt(store, manifest, a_try(1)).was_there
    assert len(store.held) == 1


@pytest.mark.parametrize("status", [COMPLETE, FAILED])
def test_one_that_ended_before_its_answer_came_is_the_one(
    store: Any, manifest: dict[str, Any], status: dict[str, Any]
) -> None:
    made = CubeRef.of(create_or_adopt(store, manifest, a_try(1)).cube)
    store.set_status(made, status)
    again = create_or_adopt(store, manifest, a_try(1))
    assert again.was_there
    assert CubeRef.of(again.cube) == made


def test_after_a_success_another_try_makes_a_new_one(store: Any, manifest: dict[str, Any]) -> None:
    store.set_status(CubeRef.of(create_or_adopt(store, manifest, a_try(1)).cube), COMPLETE)
    assert not create_or_adopt(store, manifest, a_try(2)).was_there


@pytest.mark.parametrize("status", [{}, COMPLETE])
def test_a_try_that_was_given_up_takes_nothing_and_makes_nothing(
    store: Any, manifest: dict[str, Any], status: dict[str, Any]
) -> None:
    later = create_or_adopt(store, manifest, a_try(2)).cube
    store.set_status(CubeRef.of(later), status)
    with pytest.raises(DataCubeConflictError, match="held by a later try"):
        create_or_adopt(store, manifest, a_try(1))
    (held,) = store.held.values()
    assert a_try(2).holds(held)


def test_ids_that_tell_no_time_refuse_nobody(store: Any, manifest: dict[str, Any]) -> None:
    random = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    create_or_adopt(store, manifest, replace(a_try(1), id=random))
    assert create_or_adopt(store, manifest, replace(a_try(2), id="b")).was_there
    assert create_or_adopt(store, manifest, a_try(3)).was_there


def test_one_that_changes_while_it_is_taken_is_looked_at_again(
    store: Any, manifest: dict[str, Any]
) -> None:
    first = CubeRef.of(create_or_adopt(store, manifest, a_try(1)).cube)
    patch = store.patch

    def ends_first(*args: Any) -> Any:
        store.patch = patch
        store.set_status(first, FAILED)
        return patch(*args)

    store.patch = ends_first
    made = create_or_adopt(store, manifest, a_try(2))
    assert not made.was_there
    assert a_try(1).holds(store.read(first))


def test_where_nothing_may_be_patched_it_is_waited_for_all_the_same(
    store: Any, manifest: dict[str, Any]
) -> None:
    create_or_adopt(store, manifest, a_try(1))
    store.refuse("patch", DataCubeForbiddenError("may not", 403))
    adopted = create_or_adopt(store, manifest, a_try(2))
    assert adopted.was_there
    assert not a_try(2).holds(adopted.cube)
    store.refuse("patch", DataCubeForbiddenError("who are you?", 401))
    with pytest.raises(DataCubeForbiddenError):
        create_or_adopt(store, manifest, a_try(2))


def test_what_the_author_labelled_stays(store: Any, manifest: dict[str, Any]) -> None:
    metadata = {"namespace": "default", "labels": {"team": "a"}, "annotations": {"n": "1"}}
    made = create_or_adopt(store, {**manifest, "metadata": metadata}, a_try(1)).cube["metadata"]
    assert made["labels"]["team"] == "a"
    assert made["annotations"]["n"] == "1"


def test_a_generated_name_keeps_its_prefix(store: Any, manifest: dict[str, Any]) -> None:
    metadata = {"namespace": "default", "generateName": "weekly-"}
    made = create_or_adopt(store, {**manifest, "metadata": metadata}, a_try(1)).cube["metadata"]
    assert made["name"] == ME.base_name("weekly-")
    assert "generateName" not in made
