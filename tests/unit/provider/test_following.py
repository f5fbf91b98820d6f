from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._refusals import POD_LOGS, Request, refused, unreachable
from airflow_provider_datacube._shared_watch import SharedWatches
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from datacube_api.errors import DataCubeGoneError, DataCubeTimeoutError

if TYPE_CHECKING:
    from types import ModuleType

    from datacube_api.reference import CubeRef

PACE = Pace(0.01, first_pause_s=0.01, longest_pause_s=0.01, good_watch_s=0)
REQUEST = Request("get", "default", "k8s", "pod-1", POD_LOGS)
EVERY_S = 0.05


def running(fakes: ModuleType, pod: str = "pod-1", word: str = "Running") -> dict[str, Any]:
    pod_status = {"reference": {"name": pod}, "status": word}
    return {"conditions": [fakes.condition("Initialized")], "pod": pod_status}


def complete(fakes: ModuleType, pod: str = "pod-1") -> dict[str, Any]:
    return {**fakes.COMPLETE, "pod": {"reference": {"name": pod}, "status": "Completed"}}


@pytest.fixture(params=["alone", "shared"])
def room(request: pytest.FixtureRequest, fakes: Any, store: Any, manifest: dict[str, Any]) -> Any:
    """Waits as a worker does, and as the triggerer does."""
    room = fakes.Room(store, manifest, PACE, SharedWatches())
    if request.param == "shared":
        return room

    def wait(ref: CubeRef, limit: Limit | None = None, *, logging: float = 0, **more: Any) -> Any:
        return wait_until_terminal(
            store.connect,
            ref,
            pace=PACE,
            limit=limit or Limit(),
            log=room.log,
            logging_interval_s=logging,
            **more,
        )

    room.wait = wait
    return room


def shown(room: Any) -> list[str]:
    return [line for line in room.log.lines if " | " in line]


async def start(room: Any, ref: CubeRef, logging: float = EVERY_S, **more: Any) -> Any:
    task = asyncio.create_task(room.wait(ref, logging=logging, **more))
    await room.store.until_asked("watch")
    await room.settled()
    return task


def pods_asked(room: Any) -> list[str]:
    return [pod for _, pod, _ in room.store.log_asked]


async def until_pod_asked(room: Any, pod: str, times: int = 1) -> None:
    async with asyncio.timeout(5):
        while pods_asked(room).count(pod) < times:
            await room.store.until_asked("log", room.store.asked.count("log") + 1)


async def another_is_read(fakes: Any, room: Any, every_s: float) -> None:
    """Return when somebody else's log, over another connection, has been read several times."""
    ref = room.cube("another")
    room.store.set_status(ref, running(fakes, "pod-2"))
    waits = wait_until_terminal(
        room.store.connect,
        ref,
        pace=PACE,
        limit=Limit(),
        log=fakes.Quiet(),
        logging_interval_s=every_s,
    )
    task = asyncio.create_task(waits)
    await until_pod_asked(room, "pod-2", 3)
    room.store.set_status(ref, complete(fakes, "pod-2"))
    await task


async def until_shown(room: Any, line: str) -> None:
    async with asyncio.timeout(5):
        while line not in room.log.lines:  # noqa: ASYNC110 - the reader comes in its own time
            await asyncio.sleep(0.005)


async def test_the_log_is_shown_while_the_transfer_runs_and_to_its_end(
    fakes: Any, room: Any
) -> None:
    ref, log = room.cube("x"), room.store.logs["pod-1"]
    task = await start(room, ref)
    log.append(("2026-11-25T10:00:01.1", "one"))
    room.store.set_status(ref, running(fakes))
    await until_shown(room, "pod-1 | one")
    log.append(("2026-11-25T10:00:01.2", "two"))
    await until_shown(room, "pod-1 | two")
    log.append(("2026-11-25T10:00:03", "three"))
    room.store.set_status(ref, complete(fakes))
    assert (await task)["metadata"]["name"] == "x"
    assert shown(room) == ["pod-1 | one", "pod-1 | two", "pod-1 | three"]
    assert {asked[2] for asked in room.store.log_asked} == {"", "2026-11-25T10:00:01Z"}


async def test_one_who_wants_no_log_asks_for_none(fakes: Any, room: Any) -> None:
    ref = room.cube("x")
    task = await start(room, ref, logging=0)
    room.store.set_status(ref, running(fakes))
    await room.settled()
    room.store.set_status(ref, complete(fakes))
    await task
    assert room.store.log_asked == []


@pytest.mark.parametrize("word", ["Pending", "ContainerCreating", "ImagePullBackOff"])
async def test_a_pod_that_has_not_started_is_not_asked(fakes: Any, room: Any, word: str) -> None:
    ref = room.cube("x")
    task = await start(room, ref, logging=0.001)
    room.store.set_status(ref, {"pod": {"reference": {"name": "pod-1"}, "status": "Running"}})
    room.store.set_status(ref, running(fakes, word=word))
    await another_is_read(fakes, room, 0.001)
    assert "pod-1" not in pods_asked(room)
    room.store.set_status(ref, running(fakes))
    await until_pod_asked(room, "pod-1")
    room.store.set_status(ref, complete(fakes))
    await task


async def test_a_quick_transfer_costs_one_request(fakes: Any, room: Any) -> None:
    ref = room.cube("x")
    room.store.logs["pod-1"].append(("2026-11-25T10:00:01", "all of it"))
    task = await start(room, ref, logging=30)
    room.store.set_status(ref, running(fakes))
    room.store.set_status(ref, complete(fakes))
    await task
    assert shown(room) == ["pod-1 | all of it"]
    assert len(room.store.log_asked) == 1


async def test_no_more_than_one_request_per_interval(fakes: Any, room: Any) -> None:
    ref = room.cube("x")
    task = await start(room, ref, logging=30)
    for _ in range(20):
        room.store.set_status(ref, running(fakes))
        await room.settled()
    assert len(room.store.log_asked) <= 1
    room.store.set_status(ref, complete(fakes))
    await task


async def test_the_pods_of_later_attempts_are_followed(fakes: Any, room: Any) -> None:
    ref, logs = room.cube("x"), room.store.logs
    task = await start(room, ref)
    logs["pod-1"].append(("2026-11-25T10:00:01", "first"))
    room.store.set_status(ref, running(fakes))
    await until_shown(room, "pod-1 | first")
    logs["pod-1"].append(("2026-11-25T10:00:02", "it broke"))
    logs["pod-2"].append(("2026-11-25T10:00:02", "second"))
    room.store.set_status(ref, running(fakes, "pod-2"))
    await until_shown(room, "pod-2 | second")
    room.store.set_status(ref, complete(fakes, "pod-2"))
    await task
    assert shown(room) == ["pod-1 | first", "pod-1 | it broke", "pod-2 | second"]


async def test_a_right_that_is_missing_is_told_once_and_not_tried_again(
    fakes: Any, room: Any
) -> None:
    ref = room.cube("x")
    room.store.refuse("log", refused(REQUEST, 403, ""))
    task = await start(room, ref, logging=0.01)
    room.store.set_status(ref, running(fakes))
    await room.store.until_asked("log")
    await another_is_read(fakes, room, 0.01)
    room.store.set_status(ref, complete(fakes))
    await task
    (told,) = [line for line in room.log.lines if "403" in line]
    assert "grant it the verb 'get' on pods/log" in told
    assert "pod-1" not in pods_asked(room)
    refusals = room.store.asked.count("log") - len(pods_asked(room))
    assert refusals == 1


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_a_fault_of_the_log_passes_unnoticed(fakes: Any, room: Any, status: int) -> None:
    ref = room.cube("x")
    room.store.logs["pod-1"].append(("2026-11-25T10:00:01", "late"))
    room.store.refuse(
        "log", refused(REQUEST, status, '{"details": {"kind": "pods"}}'), unreachable(REQUEST, "X")
    )
    task = await start(room, ref)
    room.store.set_status(ref, running(fakes))
    await until_shown(room, "pod-1 | late")
    room.store.set_status(ref, complete(fakes))
    assert (await task)["metadata"]["name"] == "x"
    assert room.store.connected == 1


async def test_a_log_that_never_comes_holds_nobody_up(
    fakes: Any, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_datacube._following._LAST_ANSWER_S", 0.01)

    async def never(*_: Any) -> str:
        return await asyncio.Future()

    monkeypatch.setattr(fakes.AsyncStore, "log", never)
    ref = room.cube("x")
    task = await start(room, ref)
    room.store.set_status(ref, running(fakes))
    room.store.set_status(ref, complete(fakes))
    async with asyncio.timeout(2):
        assert (await task)["metadata"]["name"] == "x"


async def test_an_end_in_time_stays_one_however_long_its_log_takes(
    fakes: Any, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: Any) -> str:
        await asyncio.sleep(0.2)
        return "2026-11-25T10:00:01Z late\n"

    monkeypatch.setattr(fakes.AsyncStore, "log", slow)
    ref = room.cube("x")
    room.store.set_status(ref, complete(fakes))
    limit = Limit(deadline=1.0, timeout_s=1, last_look_s=0.1)
    cube = await room.wait(ref, limit, logging=30)
    assert cube["metadata"]["name"] == "x"
    assert shown(room) == ["pod-1 | late"]


async def test_errors_stay_what_they_are(fakes: Any, room: Any) -> None:
    ref = room.cube("x")
    task = await start(room, ref)
    room.store.set_status(ref, running(fakes))
    room.store.delete(ref)
    with pytest.raises(DataCubeGoneError):
        await task
    late = room.cube("y")
    room.store.set_status(late, running(fakes))
    limit = Limit(deadline=1.0, timeout_s=7, last_look_s=0.05)
    with pytest.raises(DataCubeTimeoutError):
        await room.wait(late, limit, logging=EVERY_S)


@pytest.mark.parametrize(("fault", "told"), [(False, ["pod-1"]), (True, [""])])
async def test_whose_log_was_shown_to_its_end_is_told(
    fakes: Any, room: Any, *, fault: bool, told: list[str]
) -> None:
    ref, followed = room.cube("x"), []
    room.store.logs["pod-1"].append(("2026-11-25T10:00:01.1", "one"))
    task = await start(room, ref, logging=30, followed=followed.append)
    if fault:
        room.store.refuse("log", unreachable(REQUEST, "X"))
    room.store.set_status(ref, complete(fakes))
    await task
    assert followed == told


async def test_a_line_begins_with_what_tells_its_pod_from_others(fakes: Any, room: Any) -> None:
    ref, pod = room.cube("weights"), "weights-batchjob-x7k"
    room.store.logs[pod].append(("2026-11-25T10:00:01.1", "one"))
    task = await start(room, ref, logging=30)
    room.store.set_status(ref, complete(fakes, pod))
    await task
    assert shown(room) == ["batchjob-x7k | one"]
