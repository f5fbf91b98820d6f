from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._events import from_event
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from datacube_api import errors
from datacube_api.status import Phase

if TYPE_CHECKING:
    from types import ModuleType

    from datacube_api.reference import CubeRef


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
        "on_kill_action": "keep_datacube",
        "logging_interval": 20.0,
    }
    path, stored = DataCubeTrigger(**arguments).serialize()  # type: ignore[arg-type]  # as stored
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name) is DataCubeTrigger
    assert stored == arguments


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
        "logging_interval",
    }
