"""The triggers as Airflow runs them, many in one event loop, on the embedded cluster."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._events import from_event
from airflow_provider_datacube._sensing import from_event as sensed_event
from airflow_provider_datacube._shared_watch import WATCHES
from airflow_provider_datacube._sharing import CLIENTS
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from airflow_provider_datacube.triggers.datacube_sensor import DataCubeSensorTrigger
from datacube_api.errors import DataCubeGoneError
from datacube_api.reference import CubeRef
from datacube_api.status import Phase
from tests.waiting import until_soon

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def make(cluster: Any, manifest: dict[str, Any]) -> Callable[[str], CubeRef]:
    def make(name: str) -> CubeRef:
        return CubeRef.of(
            cluster.create({**manifest, "metadata": {"namespace": "default", "name": name}})
        )

    return make


async def event_of(conn_id: str, ref: CubeRef, deadline: float | None = None) -> Any:
    trigger = DataCubeTrigger(
        namespace=ref.namespace,
        name=ref.name,
        uid=ref.uid,
        kubernetes_conn_id=conn_id,
        deadline=deadline,
        timeout_s=60,
    )
    (event,) = [event.payload async for event in trigger.run()]
    return event


async def test_each_trigger_ends_with_what_befell_its_own_datacube(
    conn_id: str, cluster: Any, fakes: Any, make: Callable[[str], CubeRef]
) -> None:
    refs = [make(f"x-{number}") for number in range(15)]
    cluster.set_status(refs[0], fakes.COMPLETE)
    async with asyncio.timeout(30):
        waiting = [asyncio.create_task(event_of(conn_id, ref)) for ref in refs]
        assert from_event(await waiting[0]).ref == refs[0]
        assert len(WATCHES) == 1
        await asyncio.to_thread(cluster.set_status, refs[1], fakes.COMPLETE)
        await asyncio.to_thread(cluster.delete, refs[2])
        await asyncio.to_thread(cluster.delete, refs[3])
        again = await asyncio.to_thread(make, refs[3].name)
        late = asyncio.create_task(event_of(conn_id, again))
        assert from_event(await waiting[1]).outcome.phase is Phase.SUCCEEDED
        for gone in waiting[2:4]:
            with pytest.raises(DataCubeGoneError):
                from_event(await gone)
        assert not any(task.done() for task in [*waiting[4:], late])
        for ref in [*refs[4:], again]:
            await asyncio.to_thread(cluster.set_status, ref, fakes.COMPLETE)
        ended = [from_event(event).ref for event in await asyncio.gather(*waiting[4:], late)]
    assert ended == [*refs[4:], again]
    assert len(WATCHES) == 0


async def test_sensors_share_client_and_watch(
    conn_id: str, cluster: Any, fakes: Any, make: Callable[[str], CubeRef]
) -> None:
    refs = [make(f"s-{number}") for number in range(20)]

    async def sensed(ref: CubeRef) -> str:
        trigger = DataCubeSensorTrigger(
            namespace=ref.namespace,
            name=ref.name,
            label_selector="",
            condition="Complete",
            match="all",
            if_missing="wait",
            if_failed="fail",
            kubernetes_conn_id=conn_id,
            poke_interval=0.5,
        )
        (event,) = [event.payload async for event in trigger.run()]
        return str(sensed_event(event).verdict)

    async with asyncio.timeout(30):
        waiting = [asyncio.create_task(sensed(ref)) for ref in refs]
        await until_soon(lambda: len(WATCHES) == 1)
        assert len(CLIENTS) == 1
        for ref in refs:
            await asyncio.to_thread(cluster.set_status, ref, fakes.COMPLETE)
        assert await asyncio.gather(*waiting) == ["met"] * len(refs)
        assert len(WATCHES) == 0
        await until_soon(lambda: len(CLIENTS) == 0)


async def test_a_deadline_that_has_passed_leaves_one_look(
    conn_id: str, cluster: Any, fakes: Any, make: Callable[[str], CubeRef]
) -> None:
    ref = make("late")
    cluster.set_status(ref, fakes.COMPLETE)
    assert from_event(await event_of(conn_id, ref, deadline=1.0)).ref == ref


async def test_what_is_deleted_right_after_its_end_has_ended(
    conn_id: str, cluster: Any, fakes: Any, make: Callable[[str], CubeRef]
) -> None:
    refs = [make("short"), make("long")]
    async with asyncio.timeout(30):
        waiting = [asyncio.create_task(event_of(conn_id, ref)) for ref in refs]
        cluster.set_status(refs[1], fakes.COMPLETE)
        await waiting[1]  # so the watch is there

        def end() -> None:
            cluster.set_status(refs[0], fakes.COMPLETE)
            cluster.delete(refs[0])

        await asyncio.to_thread(end)
        assert from_event(await waiting[0]).outcome.phase is Phase.SUCCEEDED


async def test_a_trigger_that_is_cancelled_stops_watching(
    conn_id: str, make: Callable[[str], CubeRef]
) -> None:
    waiting = asyncio.create_task(event_of(conn_id, make("x")))
    while not WATCHES:  # noqa: ASYNC110 - the trigger starts in its own time
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(WATCHES) == 0
