"""One suite, two clusters: what the unit tests' store says, the real clients and server say."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._adoption import create_or_adopt
from airflow_provider_datacube._holding import Try
from airflow_provider_datacube._naming import TaskIdentity
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from types import ModuleType

ME = TaskIdentity("etl", "run-1", "fetch")


def a_try(number: int) -> Try:
    return Try(ME, number, f"{number:08x}-0000-7000-8000-000000000000")


@pytest.fixture(params=["fake", "real"])
def cubes(request: pytest.FixtureRequest, fakes: ModuleType) -> Any:
    return fakes.Store() if request.param == "fake" else request.getfixturevalue("cluster")


@pytest.fixture
def ref(cubes: Any, manifest: dict[str, Any]) -> CubeRef:
    return CubeRef.of(cubes.create(manifest))


def test_what_is_created_can_be_read(cubes: Any, ref: CubeRef, manifest: dict[str, Any]) -> None:
    cube = cubes.read(ref)
    assert cube["spec"] == manifest["spec"]
    assert CubeRef.of(cube) == ref
    assert cube["metadata"]["resourceVersion"].isdigit()


def test_a_taken_name_is_a_conflict(cubes: Any, ref: CubeRef, manifest: dict[str, Any]) -> None:
    assert ref.name == "weights"
    with pytest.raises(
        errors.DataCubeConflictError, match="default/weights: 409 Conflict; it exists"
    ) as caught:
        cubes.create(manifest)
    assert caught.value.status == 409


def test_an_absent_one_is_not_found(cubes: Any) -> None:
    with pytest.raises(
        errors.DataCubeNotFoundError, match="default/none: there is no such DataCube"
    ):
        cubes.read(CubeRef("default", "none"))


def test_an_absent_namespace_is_named(cubes: Any, manifest: dict[str, Any]) -> None:
    metadata = {"namespace": "absent", "name": "x"}
    with pytest.raises(errors.DataCubeNotFoundError, match="there is no namespace 'absent'"):
        cubes.create({**manifest, "metadata": metadata})


def test_only_what_is_selected_is_listed(cubes: Any, manifest: dict[str, Any]) -> None:
    for name, team in (("a", "x"), ("b", "y")):
        cubes.create(
            {
                **manifest,
                "metadata": {"namespace": "default", "name": name, "labels": {"team": team}},
            }
        )
    assert [c["metadata"]["name"] for c in cubes.list("default", label_selector="team=y")] == ["b"]
    assert len(cubes.list("default")) == 2


def test_deleting_is_idempotent_and_spares_a_namesake(
    cubes: Any, ref: CubeRef, manifest: dict[str, Any]
) -> None:
    cubes.delete(ref)
    cubes.delete(ref)
    namesake = CubeRef.of(cubes.create(manifest))
    cubes.delete(ref)
    assert CubeRef.of(cubes.read(namesake)) == namesake


def test_a_patch_is_merged(cubes: Any, ref: CubeRef) -> None:
    cubes.patch(ref, {"metadata": {"labels": {"a": "1"}}})
    version = cubes.read(ref)["metadata"]["resourceVersion"]
    cubes.patch(ref, {"metadata": {"resourceVersion": version, "labels": {"b": "2"}}})
    assert cubes.read(ref)["metadata"]["labels"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("change", ["status", "namesake"])
def test_what_has_changed_is_not_patched(
    cubes: Any, fakes: ModuleType, ref: CubeRef, manifest: dict[str, Any], change: str
) -> None:
    version = cubes.read(ref)["metadata"]["resourceVersion"]
    if change == "status":
        cubes.set_status(ref, fakes.COMPLETE)
    else:
        cubes.delete(ref)
        cubes.create(manifest)
    with pytest.raises(errors.DataCubeConflictError, match="409 Conflict; it has changed"):
        cubes.patch(ref, {"metadata": {"resourceVersion": version, "labels": {"a": "1"}}})
    assert "labels" not in cubes.read(ref)["metadata"]


def test_what_has_changed_is_not_deleted(cubes: Any, fakes: ModuleType, ref: CubeRef) -> None:
    version = cubes.read(ref)["metadata"]["resourceVersion"]
    cubes.set_status(ref, fakes.COMPLETE)
    assert not cubes.delete(ref, version=version)
    assert cubes.delete(ref, version=cubes.read(ref)["metadata"]["resourceVersion"])
    assert not cubes.delete(ref)


async def test_what_has_changed_is_not_deleted_asynchronously_either(
    cubes: Any, fakes: ModuleType, ref: CubeRef
) -> None:
    version = cubes.read(ref)["metadata"]["resourceVersion"]
    cubes.set_status(ref, fakes.COMPLETE)
    async with cubes.connect() as deleter:
        assert not await deleter.delete(ref, version=version)
        version = (await deleter.read(ref))["metadata"]["resourceVersion"]
        assert await deleter.delete(ref, version=version)
        assert not await deleter.delete(ref, version=version)


def test_adoption_works_on_it(cubes: Any, manifest: dict[str, Any]) -> None:
    unnamed = {**manifest, "metadata": {"namespace": "default"}}
    made = create_or_adopt(cubes, unnamed, a_try(1))
    assert create_or_adopt(cubes, unnamed, a_try(1)).was_there
    taken = create_or_adopt(cubes, unnamed, a_try(2))
    assert taken.was_there
    assert taken.cube["metadata"]["uid"] == made.cube["metadata"]["uid"]
    assert a_try(2).holds(cubes.read(CubeRef.of(made.cube)))
    cubes.set_status(CubeRef.of(made.cube), {"conditions": [{"type": "Failed", "status": "True"}]})
    again = create_or_adopt(cubes, unnamed, a_try(3))
    assert not again.was_there
    assert again.cube["metadata"]["name"] == f"{ME.base_name()}-1"


def test_a_foreign_object_under_the_name_is_left_alone(
    cubes: Any, ref: CubeRef, manifest: dict[str, Any]
) -> None:
    with pytest.raises(errors.DataCubeConflictError, match="was not made by an Airflow task"):
        create_or_adopt(cubes, manifest, a_try(1))
    assert CubeRef.of(cubes.read(ref)) == ref


async def test_a_watch_tells_what_happens_after_a_version(
    cubes: Any, fakes: ModuleType, ref: CubeRef
) -> None:
    version = cubes.read(ref)["metadata"]["resourceVersion"]
    cubes.set_status(ref, fakes.COMPLETE)
    cubes.delete(ref)
    seen = []
    async with cubes.connect() as watched, aclosing(watched.watch(ref, version)) as events:
        async for kind, cube in events:
            seen.append((kind, cube["metadata"]["uid"]))
            if kind == "DELETED":
                break
    assert seen == [("MODIFIED", ref.uid), ("DELETED", ref.uid)]


async def test_an_asynchronous_delete_spares_a_namesake(
    cubes: Any, ref: CubeRef, manifest: dict[str, Any]
) -> None:
    async with cubes.connect() as watched:
        await watched.delete(CubeRef(ref.namespace, ref.name, "another-uid"))
        assert CubeRef.of(await watched.read(ref)) == ref
        await watched.delete(ref)
        await watched.delete(ref)
    assert cubes.create(manifest)["metadata"]["uid"] != ref.uid


@pytest.mark.parametrize("end", ["finish", "delete"])
async def test_waiting_ends_when_the_cube_does(
    cubes: Any, fakes: ModuleType, ref: CubeRef, end: str
) -> None:
    log = fakes.Quiet()
    pace = Pace(first_pause_s=0.01)
    waiting = asyncio.create_task(
        wait_until_terminal(cubes.connect, ref, pace=pace, limit=Limit(), log=log)
    )
    async with asyncio.timeout(20):
        while not log.lines:  # noqa: ASYNC110 - the first line of the log says that it has looked
            await asyncio.sleep(0.01)
    if end == "finish":
        cubes.set_status(ref, fakes.COMPLETE)
        assert (await waiting)["status"] == fakes.COMPLETE
    else:
        cubes.delete(ref)
        with pytest.raises(errors.DataCubeGoneError):
            await waiting
