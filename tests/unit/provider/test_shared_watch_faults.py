from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._refusals import Request, refused, unusable
from airflow_provider_datacube._shared_watch import SharedWatches
from airflow_provider_datacube._watching import Pace
from datacube_api import errors

if TYPE_CHECKING:
    from types import ModuleType

PACE = Pace(poll_interval_s=0.001, first_pause_s=0.001, longest_pause_s=0.002, lag_s=0.1)
HASTY = Pace(poll_interval_s=0.001, first_pause_s=0.001, longest_pause_s=0.002, grace_s=0)
LATER = errors.DataCubeUnavailableError("503", 503)
TOO_OLD = errors.DataCubeUnavailableError("410", 410)
UNAUTHORIZED = errors.DataCubeForbiddenError("401", 401)
FORBIDDEN = errors.DataCubeForbiddenError("403", 403)
UNKNOWN = refused(Request("list", "default", "k8s"), 404, "404 page not found\n")
UNREADABLE = unusable("k8s", "its kube config is no YAML")
END = StopAsyncIteration()


@pytest.fixture
def room(store: Any, fakes: ModuleType, manifest: dict[str, Any]) -> Any:
    return fakes.Room(store, manifest, PACE, SharedWatches())


@pytest.mark.parametrize("waiting", [3, 30])
@pytest.mark.parametrize(
    "fault",
    [
        ("connect", [LATER, LATER]),
        ("connect", [UNAUTHORIZED]),
        ("list", [LATER, TOO_OLD]),
        ("list", [UNAUTHORIZED]),
        ("watch", [LATER, TOO_OLD, LATER]),
        ("watch", [UNAUTHORIZED]),
        ("stream", [END, TOO_OLD, LATER]),
        ("stream", [UNAUTHORIZED]),
    ],
)
async def test_a_fault_that_passes_is_survived_by_all(
    room: Any, store: Any, fault: Any, waiting: int
) -> None:
    verb, faults = fault
    refs = room.cubes(waiting)
    store.refuse(verb, *faults)
    tasks = room.start(*refs)
    await store.until_asked("watch", 1 + len(faults) * (verb in ("watch", "stream")))
    room.finish(*refs)
    assert await room.finished(tasks) == [ref.name for ref in refs]
    assert not store.faults[verb]


async def break_stream(room: Any, *faults: Exception) -> None:
    """End the watch that is running, and let faults follow."""
    store = room.store
    store.refuse("stream", LATER)
    store.refuse("list", *faults)
    room.cube("something-else")


async def test_what_happens_while_nobody_watches_is_seen(room: Any, store: Any) -> None:
    ended, deleted, renewed, running = refs = room.cubes(4)
    tasks = await room.started(*refs)
    store.refuse("stream", LATER)
    room.finish(ended)
    store.delete(deleted)
    store.delete(renewed)
    room.cube(renewed.name)
    assert (await tasks[0])["metadata"]["uid"] == ended.uid
    for task in tasks[1:3]:
        with pytest.raises(errors.DataCubeGoneError):
            await task
    room.finish(running)
    await room.finished(tasks[3:])


@pytest.mark.parametrize("refusal", [FORBIDDEN, UNKNOWN, UNREADABLE])
async def test_a_server_that_is_starting_refuses_what_it_gave_before(
    room: Any, store: Any, refusal: Exception
) -> None:
    (ref,) = room.cubes(1)
    tasks = await room.started(ref)
    store.refuse("get", refusal, refusal)
    await break_stream(room, refusal)
    await store.until_asked("watch", 2)
    room.finish(ref)
    await room.finished(tasks)


@pytest.mark.parametrize("refusal", [FORBIDDEN, UNKNOWN, UNREADABLE])
async def test_triggerer_and_api_server_may_start_at_once(
    room: Any, store: Any, refusal: errors.DataCubeApiError
) -> None:
    refs = room.cubes(3)
    store.refuse("connect", refusal, refusal)
    tasks = room.start(*refs)
    await store.until_asked("watch")
    room.finish(*refs)
    await room.finished(tasks)


@pytest.mark.parametrize("refusal", [FORBIDDEN, UNKNOWN, UNREADABLE])
async def test_what_stays_refused_is_told_to_all(
    room: Any, store: Any, refusal: errors.DataCubeApiError
) -> None:
    room.pace = HASTY
    store.refuse("connect", refusal)
    for task in room.start(*room.cubes(3)):
        with pytest.raises(type(refusal)):
            await task
    assert len(room.watches) == 0


async def test_a_refusal_that_stays_is_told(room: Any, store: Any) -> None:
    room.pace = HASTY
    tasks = await room.started(*room.cubes(2))
    store.refuse("get", *[FORBIDDEN] * 3)
    await break_stream(room)
    for task in tasks:
        with pytest.raises(errors.DataCubeForbiddenError):
            await task


async def test_after_an_error_the_next_one_starts_anew(room: Any, store: Any) -> None:
    (ref,) = room.cubes(1)
    room.pace = HASTY
    store.refuse("connect", FORBIDDEN)
    with pytest.raises(errors.DataCubeForbiddenError):
        await room.wait(ref)
    room.finish(ref)
    await room.wait(ref)


@pytest.mark.parametrize("waiting", [2, 30])
async def test_where_watching_is_forbidden_one_poll_serves_all(
    room: Any, store: Any, waiting: int
) -> None:
    store.refuse("watch", FORBIDDEN)
    refs = room.cubes(waiting)
    tasks = room.start(*refs)
    await store.until_asked("list", 6)
    room.finish(*refs)
    await room.finished(tasks)
    assert store.asked.count("watch") == 1
    assert (store.asked.count("get") > 0) == (waiting == 2)


async def test_where_listing_is_forbidden_each_is_read(room: Any, store: Any) -> None:
    store.refuse("list", *[FORBIDDEN] * 1000)
    refs = room.cubes(12)
    tasks = room.start(*refs)
    await store.until_asked("get", 30)
    room.finish(*refs)
    assert await room.finished(tasks) == [ref.name for ref in refs]


async def test_a_good_watch_is_resumed_where_it_ended(room: Any, store: Any) -> None:
    room.pace = Pace(good_watch_s=0)
    (ref,) = room.cubes(1)
    store.refuse("stream", END)
    tasks = room.start(ref)
    await store.until_asked("watch", 2)
    room.finish(ref)
    await room.finished(tasks)
    assert store.asked.count("list") == 1
