from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._shared_watch import SharedWatches
from airflow_provider_datacube._watching import Limit, Pace
from datacube_api import errors

if TYPE_CHECKING:
    from types import ModuleType

PACE = Pace(poll_interval_s=0.001, first_pause_s=0.001, longest_pause_s=0.002, lag_s=0.1)


@pytest.fixture
def room(store: Any, fakes: ModuleType, manifest: dict[str, Any]) -> Any:
    return fakes.Room(store, manifest, PACE, SharedWatches())


async def test_many_share_one_connection_and_one_watch(room: Any, store: Any) -> None:
    refs = room.cubes(600)
    tasks = await room.started(*refs)
    room.finish(*reversed(refs))
    assert await room.finished(tasks) == [ref.name for ref in refs]
    assert {verb: store.asked.count(verb) for verb in ("connect", "watch", "list", "get")} == {
        "connect": 1,
        "watch": 1,
        "list": 3,  # the version, and two pages of 500
        "get": 0,
    }


async def test_thousands_that_end_at_once_while_the_watch_breaks_are_all_told(
    room: Any, store: Any
) -> None:
    refs = room.cubes(2000)
    tasks = await room.started(*refs)
    store.refuse("stream", errors.DataCubeUnavailableError("ml/x: 503", 503))
    room.finish(*refs[1:])
    assert await room.finished(tasks[1:]) == [ref.name for ref in refs[1:]]
    assert not tasks[0].done()
    assert store.asked.count("get") == 0
    room.finish(refs[0])
    assert await room.finished(tasks[:1]) == [refs[0].name]


async def test_the_last_one_stops_it_and_the_next_one_starts_another(room: Any, store: Any) -> None:
    one, two = room.cubes(2)
    (first, second) = await room.started(one, two)
    room.finish(one)
    await room.finished([first])
    assert len(room.watches) == 1
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert len(room.watches) == 0
    await room.settled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    room.finish(two)
    assert (await room.wait(two))["metadata"]["name"] == two.name
    assert store.connected == 2


async def test_connections_and_namespaces_are_kept_apart(room: Any, store: Any) -> None:
    refs = [room.cube("x"), room.cube("x", "ml")]
    tasks = await room.started(*refs)
    tasks.append(asyncio.create_task(room.wait(refs[0], conn_id="another")))
    await store.until_asked("watch", 3)
    assert len(room.watches) == 3
    room.finish(refs[1])
    assert (await tasks[1])["metadata"]["namespace"] == "ml"
    assert not tasks[0].done()
    room.finish(refs[0])
    await room.finished(tasks)


async def test_who_comes_for_what_the_watch_knows_asks_nothing(room: Any, store: Any) -> None:
    early = room.cube("early")
    tasks = await room.started(early)
    late = [room.cube(f"late-{number}") for number in range(50)]
    await room.settled()
    asked = len(store.asked)
    tasks += room.start(*late)
    await room.settled()
    assert store.asked[asked:] == []
    room.finish(early, *late)
    await room.finished(tasks)


@pytest.mark.parametrize("others", [1, 50])
async def test_what_has_ended_before_is_seen(room: Any, others: int) -> None:
    tasks = await room.started(room.cube("early"))
    refs = room.cubes(others)
    room.finish(*refs)
    assert await room.finished(room.start(*refs)) == [ref.name for ref in refs]
    assert not tasks[0].done()
    tasks[0].cancel()


@pytest.mark.parametrize("others", [1, 50])
async def test_what_is_gone_before_is_gone(room: Any, store: Any, others: int) -> None:
    refs = room.cubes(others)
    for ref in refs:
        store.delete(ref)
        room.finish(room.cube(ref.name))  # a namesake, which ends well
    for task in room.start(*refs):
        with pytest.raises(errors.DataCubeGoneError):
            await task


@pytest.mark.parametrize("others", [1, 50])
async def test_what_ended_and_was_deleted_before_the_look_has_ended(
    room: Any, store: Any, others: int
) -> None:
    store.lag_s = 0.01  # so the look finds nothing before the watch has told the end
    refs = room.cubes(others)
    tasks = room.start(*refs)
    await store.until_asked("list")  # for the version to watch from
    room.finish(*refs)
    for ref in refs:
        store.delete(ref)
    assert await room.finished(tasks) == [ref.name for ref in refs]


async def test_one_that_is_deleted_or_made_anew_is_gone(room: Any, store: Any) -> None:
    deleted, renewed, kept = room.cubes(3)
    tasks = await room.started(deleted, renewed, kept)
    store.delete(deleted)
    store.delete(renewed)
    room.finish(room.cube(renewed.name))
    for task in tasks[:2]:
        with pytest.raises(errors.DataCubeGoneError):
            await task
    assert not tasks[2].done()
    tasks[2].cancel()


async def test_each_gives_up_at_its_own_limit(room: Any) -> None:
    one, two = room.cubes(2)
    patient = asyncio.create_task(room.wait(one))
    with pytest.raises(errors.DataCubeTimeoutError, match="within 90 seconds"):
        await room.wait(two, Limit(time.time() + 0.01, 90))
    room.finish(one)
    await room.finished([patient])


async def test_an_end_before_the_limit_counts_though_it_is_seen_after(room: Any) -> None:
    (ref,) = room.cubes(1)
    room.finish(ref)
    assert (await room.wait(ref, Limit(time.time() - 5, 90)))["metadata"]["name"] == ref.name


async def test_a_fault_of_ours_reaches_everybody(room: Any, store: Any) -> None:
    store.refuse("get", ZeroDivisionError())
    for task in room.start(*room.cubes(2)):
        with pytest.raises(ZeroDivisionError):
            await task


def test_a_watch_ends_with_its_event_loop(fakes: ModuleType, manifest: dict[str, Any]) -> None:
    watches = SharedWatches()

    async def leave_it_waiting() -> None:
        room = fakes.Room(fakes.Store(), manifest, PACE, watches)
        await room.started(room.cube("x"))
        assert len(watches) == 1

    for _ in range(2):
        asyncio.run(leave_it_waiting())
        assert len(watches) == 0
