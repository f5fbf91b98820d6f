from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._events import from_event
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from datacube_api import errors
from datacube_api.reference import CubeRef
from datacube_api.status import Phase

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def ref(store: Any, manifest: dict[str, Any]) -> CubeRef:
    return CubeRef.of(store.create({**manifest, "metadata": {"namespace": "ml", "name": "x"}}))


@pytest.fixture
def trigger(store: Any, ref: CubeRef) -> DataCubeTrigger:
    """A trigger whose cluster is the store, and whose task is in the state ``task_state``."""

    class Offline(DataCubeTrigger):
        task_state: object = "deferred"

        def _connect(self) -> Any:
            return store.connect()

        async def _task_state(self) -> Any:
            if isinstance(self.task_state, Exception):
                raise self.task_state
            return self.task_state

    return Offline(
        namespace=ref.namespace,
        name=ref.name,
        uid=ref.uid,
        kubernetes_conn_id="k8s",
        poll_interval=0.01,
    )


async def events_of(trigger: DataCubeTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


async def test_an_end_is_the_one_event(
    store: Any, fakes: ModuleType, ref: CubeRef, trigger: DataCubeTrigger
) -> None:
    waiting = asyncio.create_task(events_of(trigger))
    await store.until_asked("watch")
    store.set_status(ref, fakes.COMPLETE)
    (event,) = await waiting
    assert from_event(event).outcome.phase is Phase.SUCCEEDED


async def test_one_that_is_gone_is_an_event(
    store: Any, ref: CubeRef, trigger: DataCubeTrigger
) -> None:
    store.delete(ref)
    (event,) = await events_of(trigger)
    with pytest.raises(errors.DataCubeGoneError):
        from_event(event)


async def test_a_deadline_is_an_event(store: Any, trigger: DataCubeTrigger) -> None:
    store.refuse("get", errors.DataCubeTimeoutError(trigger.ref, 7))
    (event,) = await events_of(trigger)
    with pytest.raises(errors.DataCubeTimeoutError, match="within 7 seconds"):
        from_event(event)


async def test_a_fault_of_ours_is_an_event_that_tells_no_secret(
    store: Any, trigger: DataCubeTrigger
) -> None:
    store.refuse("get", ZeroDivisionError("s3cret"))
    (event,) = await events_of(trigger)
    assert "s3cret" not in repr(event)
    with pytest.raises(errors.DataCubeError, match="ZeroDivisionError"):
        from_event(event)


def test_it_survives_being_stored() -> None:
    arguments = {
        "namespace": "ml",
        "name": "x",
        "uid": "u",
        "kubernetes_conn_id": "k8s",
        "poll_interval": 2.5,
        "deadline": 1e9,
        "timeout_s": 60.0,
        "on_kill_action": "keep",
    }
    path, stored = DataCubeTrigger(**arguments).serialize()  # type: ignore[arg-type]  # as stored
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name) is DataCubeTrigger
    assert stored == arguments


@pytest.mark.parametrize("state", [None, "success", "failed", "skipped", "removed"])
async def test_a_kill_of_the_task_deletes(store: Any, trigger: Any, state: str | None) -> None:
    trigger.task_state = state
    await trigger.on_kill()
    assert store.held == {}


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
    ["deferred", "running", "queued", "scheduled", "up_for_retry", "a new state", LookupError()],
)
async def test_a_trigger_that_only_moves_deletes_nothing(
    store: Any, trigger: Any, state: object
) -> None:
    trigger.task_state = state
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_keep_means_keep(store: Any, trigger: Any) -> None:
    trigger.task_state, trigger.on_kill_action = "failed", "keep"
    await trigger.on_kill()
    assert len(store.held) == 1


async def test_after_the_event_nothing_is_deleted(
    store: Any, fakes: ModuleType, ref: CubeRef, trigger: Any
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    await events_of(trigger)
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


def test_the_stored_form_holds_no_credential(trigger: DataCubeTrigger) -> None:
    assert set(trigger.serialize()[1]) == {
        "namespace",
        "name",
        "uid",
        "kubernetes_conn_id",
        "poll_interval",
        "deadline",
        "timeout_s",
        "on_kill_action",
    }
