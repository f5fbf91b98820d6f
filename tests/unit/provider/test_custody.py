from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._adoption import create_or_adopt
from airflow_provider_datacube._custody import Custody
from airflow_provider_datacube._events import Ending
from airflow_provider_datacube._holding import Try
from airflow_provider_datacube._naming import TaskIdentity
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from types import ModuleType

THIS = Try(TaskIdentity("etl", "run-1", "fetch"), 1, "019a0000-0000-7000-8000-000000000000")
NEXT = replace(THIS, number=2, id="019b0000-0000-7000-8000-000000000000")
FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}
LATER = errors.DataCubeUnavailableError("later", 503)


@pytest.fixture
def log(fakes: ModuleType) -> Any:
    return fakes.Quiet()


@pytest.fixture
def custody(store: Any, log: Any) -> Any:
    """A custody whose settings are arguments."""

    def custody(on_kill: Any = "delete_datacube", on_finish: Any = "keep_datacube") -> Custody:
        return Custody(
            store, THIS, on_kill=on_kill, on_finish=on_finish, pauses_s=(0.0, 0.0), log=log
        )

    return custody


@pytest.fixture
def ref(store: Any, manifest: dict[str, Any]) -> CubeRef:
    return CubeRef.of(create_or_adopt(store, manifest, THIS).cube)


def test_a_kill_cancels_what_is_waited_for(store: Any, custody: Any, ref: CubeRef) -> None:
    custody = custody()
    custody.take(ref)
    custody.kill()
    assert store.held == {}


def test_a_kill_finds_what_was_made_though_its_answer_did_not_come(
    store: Any, custody: Any, ref: CubeRef, manifest: dict[str, Any]
) -> None:
    other = create_or_adopt(store, manifest, replace(THIS, identity=TaskIdentity("a", "b", "c")))
    custody = custody()
    custody.kill()
    assert store.read(ref)  # nothing was about to be made
    custody.expect("default")
    store.refuse("list", LATER)
    custody.kill()
    assert [CubeRef.of(cube) for cube in store.held.values()] == [CubeRef.of(other.cube)]


@pytest.mark.parametrize(("action", "left"), [("delete_datacube", 0), ("keep_datacube", 1)])
def test_a_kill_while_it_is_being_made_lets_nobody_wait_for_it(
    store: Any, custody: Any, manifest: dict[str, Any], action: str, left: int
) -> None:
    custody = custody(on_kill=action)
    custody.expect("default")
    custody.kill()
    made = create_or_adopt(store, manifest, THIS).cube
    with pytest.raises(errors.DataCubeError, match="killed while DataCube default/etl-fetch"):
        custody.take(CubeRef.of(made))
    assert len(store.held) == left


def test_a_kill_that_may_not_look_says_what_may_be_left(store: Any, custody: Any, log: Any) -> None:
    store.refuse("list", errors.DataCubeForbiddenError("may not list", 403))
    custody = custody()
    custody.expect("default")
    custody.kill()
    assert log.lines == ["may not list; a DataCube of this task may be left"]


def test_what_another_try_holds_is_neither_cancelled_nor_cleared_away(
    store: Any, custody: Any, ref: CubeRef, manifest: dict[str, Any], log: Any
) -> None:
    assert create_or_adopt(store, manifest, NEXT).was_there
    custody = custody(on_finish="delete_datacube")
    custody.cancel(ref)
    store.set_status(ref, FAILED)
    custody.finish(Ending.of(store.read(ref)))
    assert log.lines == [f"DataCube {ref} stays: another try of the task holds it"] * 2
    assert len(store.held) == 1


def test_one_that_has_just_ended_is_not_cancelled(
    store: Any, fakes: ModuleType, custody: Any, ref: CubeRef, log: Any
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    custody().cancel(ref)
    assert log.lines == [f"DataCube {ref} stays: it has ended"]


def test_a_namesake_is_left_alone(
    store: Any, custody: Any, ref: CubeRef, manifest: dict[str, Any]
) -> None:
    store.delete(ref)
    create_or_adopt(store, manifest, THIS)
    custody().cancel(ref)
    assert len(store.held) == 1


def test_one_that_is_being_deleted_is_not_deleted_again(
    store: Any, custody: Any, ref: CubeRef
) -> None:
    held = store.held[(ref.namespace, ref.name)]
    held["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    custody().cancel(ref)
    assert "delete" not in store.asked


@pytest.mark.parametrize(
    ("action", "succeeded", "failed"),
    [
        ("keep_datacube", 1, 1),
        ("delete_datacube", 0, 0),
        ("delete_succeeded_datacube", 0, 1),
    ],
)
def test_what_is_cleared_away(  # noqa: PLR0913, PLR0917 - fixtures
    store: Any,
    fakes: ModuleType,
    custody: Any,
    manifest: dict[str, Any],
    action: str,
    succeeded: int,
    failed: int,
) -> None:
    for status, left in ((fakes.COMPLETE, succeeded), (FAILED, failed)):
        ref = CubeRef.of(create_or_adopt(store, manifest, THIS).cube)
        store.set_status(ref, status)
        custody(on_finish=action).finish(Ending.of(store.read(ref)))
        assert len(store.held) == left
        store.held.clear()


def test_an_ending_that_is_none_clears_nothing_away(store: Any, custody: Any, ref: CubeRef) -> None:
    custody(on_finish="delete_datacube").finish(Ending.of(store.read(ref)))
    assert len(store.held) == 1


def test_a_fault_that_passes_is_waited_out(store: Any, custody: Any, ref: CubeRef) -> None:
    store.refuse("get", LATER)
    store.refuse("delete", LATER)
    custody().cancel(ref)
    assert store.held == {}


@pytest.mark.parametrize("fault", [[LATER] * 3, [errors.DataCubeForbiddenError("may not", 403)]])
def test_a_deletion_that_fails_is_told_and_no_more(
    store: Any, custody: Any, ref: CubeRef, log: Any, fault: list[Exception]
) -> None:
    store.set_status(ref, FAILED)
    store.refuse("delete", *fault)
    custody(on_finish="delete_datacube").finish(Ending.of(store.read(ref)))
    assert log.lines[-1].startswith(f"DataCube {ref} could not be deleted: ")
    assert len(store.held) == 1


def test_one_that_never_comes_to_rest_is_told(
    store: Any, custody: Any, ref: CubeRef, log: Any
) -> None:
    delete = store.delete

    def late(*args: Any, **how: Any) -> Any:
        store.set_status(ref, {})
        return delete(*args, **how)

    store.delete = late
    custody().cancel(ref)
    assert "changes too fast" in log.lines[-1]
