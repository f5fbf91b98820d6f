from __future__ import annotations

import asyncio

from datacube_runtime.local.workqueue import WorkQueue


async def test_a_key_is_handed_out_once_however_often_it_changed() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    queue.add("c")
    assert await queue.get() == "c"


async def test_a_key_for_later_comes_later() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_later("a", 0.02)
    queue.add("b")
    assert [await queue.get(), await queue.get()] == ["b", "a"]


async def test_a_change_moves_a_waiting_key_forward() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_later("a", 3600)
    queue.add("a")
    assert await queue.get() == "a"
    queue.add_later("b", 0)
    assert await queue.get() == "b"  # and "a" is not planned any more


async def test_a_key_that_is_due_does_not_wait_after_all() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add_later("a", 3600)
    assert await queue.get() == "a"


async def test_a_busy_queue_lets_others_run() -> None:
    queue: WorkQueue[str] = WorkQueue()
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    queue.add("a")
    await queue.get()
    assert ran.is_set()


async def test_a_closed_queue_plans_nothing() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_later("a", 0)
    queue.close()
    queue.add("b")
    assert await queue.get() == "b"
