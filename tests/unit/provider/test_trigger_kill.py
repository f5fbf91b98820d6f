"""What a trigger does when Airflow ends it: cancel only when nobody comes back for the DataCube."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._holding import HELD_BY
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from datacube_api import errors

if TYPE_CHECKING:
    from types import ModuleType

    from datacube_api.reference import CubeRef

ENDED = [None, "success", "failed", "skipped", "removed"]
CLEARED = ["scheduled", "queued", "running", "restarting"]


@pytest.mark.parametrize("state", [*ENDED, *CLEARED])
async def test_who_ends_or_clears_the_task_ends_the_transfer(
    store: Any, trigger: Any, state: str | None
) -> None:
    trigger.task_state = state
    await trigger.on_kill()
    assert store.held == {}


async def test_what_the_next_try_has_taken_up_stays(store: Any, ref: CubeRef, trigger: Any) -> None:
    store.patch(ref, {"metadata": {"annotations": {HELD_BY: "try-2"}}})
    trigger.task_state = "running"
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_what_the_next_try_takes_up_in_that_moment_stays(
    store: Any, ref: CubeRef, trigger: Any
) -> None:
    delete = store.delete

    def late(*args: Any, **how: Any) -> Any:
        store.patch(ref, {"metadata": {"annotations": {HELD_BY: "try-2"}}})
        return delete(*args, **how)

    store.delete = late
    trigger.task_state = "running"
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_a_status_that_changes_meanwhile_saves_nothing(
    store: Any, ref: CubeRef, trigger: Any
) -> None:
    delete = store.delete

    def late(*args: Any, **how: Any) -> Any:
        store.delete = delete
        store.set_status(ref, {"conditions": [], "phase": "Running"})
        return delete(*args, **how)

    store.delete = late
    trigger.task_state = "failed"
    await trigger.on_kill()
    assert store.held == {}


@pytest.mark.parametrize("state", [*ENDED, *CLEARED])
async def test_one_that_has_ended_stays(
    store: Any, fakes: ModuleType, ref: CubeRef, trigger: Any, state: str | None
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    trigger.task_state = state
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_an_api_server_that_is_away_for_a_moment_is_asked_again(
    store: Any, trigger: Any
) -> None:
    trigger.task_state = "failed"
    store.refuse("connect", errors.DataCubeUnavailableError("later", 503))
    await trigger.on_kill()
    assert store.held == {}


async def test_an_airflow_that_only_cleans_up_cancels_as_well(store: Any, trigger: Any) -> None:
    trigger._hears_of_kills = False
    await trigger.cleanup()
    assert len(store.held) == 1
    trigger.task_state = "failed"
    await trigger.cleanup()
    assert store.held == {}


async def test_an_airflow_that_kills_triggers_loses_nothing_by_a_clean_up(
    store: Any, trigger: Any
) -> None:
    trigger._hears_of_kills = True
    trigger.task_state = "failed"
    await trigger.cleanup()
    assert len(store.held) == 1


async def test_a_second_cancellation_does_not_stop_the_deletion(store: Any, trigger: Any) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        asked.set()
        await answer.wait()
        return "failed"

    trigger._task_state = slow
    kill = asyncio.create_task(trigger.on_kill())
    await asked.wait()
    kill.cancel()
    with pytest.raises(asyncio.CancelledError):
        await kill
    answer.set()
    await store.until_asked("delete")
    assert store.held == {}


@pytest.mark.parametrize(
    "state",
    ["deferred", "up_for_retry", "up_for_reschedule", "a new state", LookupError()],
)
async def test_a_trigger_that_only_moves_deletes_nothing(
    store: Any, trigger: Any, state: object
) -> None:
    trigger.task_state = state
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_an_answer_that_does_not_come_is_no_answer(
    store: Any, trigger: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[asyncio.Future[str]] = []

    async def never() -> str:
        asked.append(asyncio.get_running_loop().create_future())
        return await asked[0]

    trigger._task_state, trigger._answer_s = never, 0.01
    await trigger.on_kill()
    assert len(store.held) == 1
    assert "no answer in time" in capsys.readouterr().out
    assert not asked[0].done()  # cancelling it would take the triggerer's next answer


async def test_keep_means_keep(store: Any, trigger: Any) -> None:
    trigger.task_state, trigger.on_kill_action = "failed", "keep_datacube"
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_after_the_event_nothing_is_deleted(
    store: Any, fakes: ModuleType, ref: CubeRef, trigger: Any
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    async for _ in trigger.run():
        pass
    trigger.task_state = "success"
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_a_namesake_is_not_deleted(
    store: Any, ref: CubeRef, trigger: Any, manifest: dict[str, Any]
) -> None:
    store.delete(ref)
    store.create({**manifest, "metadata": {"namespace": "ml", "name": "x"}})
    trigger.task_state = "failed"
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_a_deletion_that_fails_is_told(
    store: Any, trigger: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    trigger.task_state = "failed"
    store.refuse("delete", errors.DataCubeForbiddenError("may not delete", 403))
    await trigger.on_kill()
    assert "may not delete" in capsys.readouterr().out


async def test_a_trigger_without_a_task_is_unsure(store: Any, ref: CubeRef) -> None:
    trigger = DataCubeTrigger(
        namespace=ref.namespace, name=ref.name, uid=ref.uid, kubernetes_conn_id="k8s"
    )
    trigger._connect = store.connect  # type: ignore[method-assign]  # the seam
    await trigger.on_kill()
    assert len(store.held) == 1
