from __future__ import annotations

import asyncio
import importlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._refusals import Request, refused
from airflow_provider_datacube._sensing import Judgement, from_event
from airflow_provider_datacube.triggers.datacube_sensor import DataCubeSensorTrigger
from datacube_api import errors
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from types import ModuleType

BY_NAME = {
    "namespace": "ml",
    "name": "x",
    "label_selector": "",
    "condition": "Complete",
    "match": "all",
    "if_missing": "wait",
    "if_failed": "fail",
    "kubernetes_conn_id": "k8s",
    "poke_interval": 60.0,
    "deadline": None,
    "timeout_s": 0.0,
}
BY_LABEL = {**BY_NAME, "name": "", "label_selector": "team=a"}
FAILED = {"conditions": [{"type": "Failed", "status": "True", "message": "it broke"}]}


@pytest.fixture
def waiting(store: Any) -> Any:
    """Start triggers whose cluster is the store."""

    class Offline(DataCubeSensorTrigger):
        def _connect(self) -> Any:
            return store.connect()

    async def judgement(**arguments: Any) -> Judgement:
        events = [event async for event in Offline(**arguments).run()]
        assert len(events) == 1
        return from_event(events[0].payload)

    return lambda **arguments: asyncio.create_task(judgement(**arguments))


@pytest.fixture
def make(store: Any, manifest: dict[str, Any]) -> Any:
    def make(name: str = "x", team: str = "a") -> CubeRef:
        metadata = {"namespace": "ml", "name": name, "labels": {"team": team}}
        return CubeRef.of(store.create({**manifest, "metadata": metadata}))

    return make


async def ended(task: asyncio.Task[Judgement]) -> Judgement:
    async with asyncio.timeout(5):
        return await task


async def test_an_end_is_seen_at_once(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    ref, task = make(), waiting(**BY_NAME)
    await store.until_asked("watch")
    store.set_status(ref, fakes.COMPLETE)
    judgement = await ended(task)
    assert (judgement.verdict, judgement.cubes[0]["uid"]) == ("met", ref.uid)


async def test_what_the_watch_will_tell_is_not_looked_for(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    ref, task = make(), waiting(**{**BY_NAME, "poke_interval": 0.001})
    await store.until_asked("watch")
    asked = list(store.asked)
    await asyncio.sleep(0.05)
    assert store.asked == asked
    store.set_status(ref, fakes.COMPLETE)
    assert (await ended(task)).verdict == "met"


async def test_all_of_a_selector_are_waited_for(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    refs = [make(f"x-{number}") for number in range(3)]
    make("other", team="b")
    task = waiting(**BY_LABEL)
    await store.until_asked("watch")
    for ref in refs:
        assert not task.done()
        store.set_status(ref, fakes.COMPLETE)
    assert len((await ended(task)).cubes) == 3
    assert store.asked.count("list") <= 3


async def test_one_of_a_selector_is_enough_for_any(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    refs = [make(f"x-{number}") for number in range(3)]
    task = waiting(**{**BY_LABEL, "match": "any"})
    await store.until_asked("watch")
    store.set_status(refs[1], fakes.COMPLETE)
    assert [cube["name"] for cube in (await ended(task)).cubes] == ["x-1"]


async def test_a_failure_ends_the_wait_at_once(store: Any, make: Any, waiting: Any) -> None:
    refs = [make(f"x-{number}") for number in range(2)]
    task = waiting(**BY_LABEL)
    await store.until_asked("watch")
    store.set_status(refs[0], FAILED)
    judgement = await ended(task)
    assert (judgement.verdict, "it broke" in judgement.why) == ("never", True)


async def test_one_that_comes_later_is_found(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    task = waiting(**{**BY_NAME, "poke_interval": 0.01})
    await store.until_asked("get", 2)
    store.set_status(make(), fakes.COMPLETE)
    assert (await ended(task)).verdict == "met"


async def test_one_that_is_made_anew_is_another_chance(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    ref, task = make(), waiting(**{**BY_NAME, "poke_interval": 0.05})
    await store.until_asked("watch")
    store.delete(ref)
    again = make()
    store.set_status(again, fakes.COMPLETE)
    assert (await ended(task)).cubes[0]["uid"] == again.uid


async def test_another_condition_is_looked_for(store: Any, make: Any, waiting: Any) -> None:
    ref, task = make(), waiting(**{**BY_NAME, "condition": "V", "poke_interval": 0.01})
    await store.until_asked("get", 2)
    store.set_status(ref, {"conditions": [{"type": "V", "status": "True"}]})
    assert (await ended(task)).verdict == "met"
    assert "watch" not in store.asked


async def test_faults_that_pass_are_waited_out(
    store: Any, fakes: ModuleType, make: Any, waiting: Any
) -> None:
    store.set_status(make(), fakes.COMPLETE)
    request = Request("get", "ml", "k8s", "x")
    store.refuse("get", refused(request, 503, ""), refused(request, 401, ""))
    assert (await ended(waiting(**BY_NAME))).verdict == "met"


async def test_a_refusal_is_an_event(store: Any, waiting: Any) -> None:
    store.refuse("list", errors.DataCubeForbiddenError("may not list", 403))
    judgement = await ended(waiting(**BY_LABEL))
    assert (judgement.verdict, judgement.why) == ("never", "may not list")


async def test_a_deadline_is_an_event(waiting: Any) -> None:
    late = {**BY_NAME, "deadline": time.time() + 0.05, "timeout_s": 7.0}
    judgement = await ended(waiting(**late))
    assert (judgement.verdict, "within 7 seconds" in judgement.why) == ("late", True)


async def test_a_fault_of_ours_is_an_event_that_tells_no_secret(store: Any, waiting: Any) -> None:
    store.refuse("get", ZeroDivisionError("s3cret"))
    judgement = await ended(waiting(**BY_NAME))
    assert (judgement.verdict, "s3cret" in repr(judgement)) == ("error", False)


async def test_a_kill_deletes_nothing(store: Any, make: Any, waiting: Any) -> None:
    make()
    task = waiting(**BY_NAME)
    await store.until_asked("watch")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(store.held) == 1


def test_it_survives_being_stored() -> None:
    path, stored = DataCubeSensorTrigger(**BY_LABEL).serialize()  # type: ignore[arg-type]  # stored
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name) is DataCubeSensorTrigger
    assert stored == BY_LABEL
