from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.controller.backoff import Backoff
from datacube_runtime.controller.workqueue import WorkQueue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
async def queue() -> Iterator[WorkQueue[str]]:
    queue: WorkQueue[str] = WorkQueue(Backoff(first_s=0.001, longest_s=0.002))
    yield queue
    queue.close()


def is_empty(queue: WorkQueue[str]) -> bool:
    return queue.depth() == 0


async def test_many_wishes_are_one_pass(queue: WorkQueue[str]) -> None:
    for _ in range(3):
        queue.add("a")
    assert await queue.take() == "a"
    assert is_empty(queue)


async def test_a_key_that_is_worked_on_waits_until_it_is_done(queue: WorkQueue[str]) -> None:
    queue.add("a")
    key = await queue.take()
    queue.add("a")
    assert is_empty(queue)
    queue.done(key)
    assert await queue.take() == "a"


async def test_a_key_that_is_done_does_not_come_again_by_itself(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.done(await queue.take())
    assert is_empty(queue)


async def test_another_key_is_not_held_up(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b")
    assert [await queue.take(), await queue.take()] == ["a", "b"]


async def test_a_worker_waits_for_a_key(queue: WorkQueue[str]) -> None:
    waiting = asyncio.ensure_future(queue.take())
    queue.add_after("a", 0.001)
    assert await asyncio.wait_for(waiting, 1) == "a"


async def test_of_two_later_wishes_the_earlier_counts(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 60)
    queue.add_after("a", 0.001)
    queue.add_after("a", 60)
    assert await asyncio.wait_for(queue.take(), 1) == "a"
    assert queue._later == {}


async def test_a_failed_key_comes_again_and_a_good_pass_is_forgotten(
    queue: WorkQueue[str],
) -> None:
    queue.retry("a")
    assert await asyncio.wait_for(queue.take(), 1) == "a"
    queue.retry("a")
    assert queue._failures["a"] == 2
    queue.forget("a")
    assert queue._failures["a"] == 0


async def test_closing_drops_what_was_to_come(queue: WorkQueue[str], until: Any) -> None:
    queue.add_after("a", 0.001)
    queue.close()
    queue.add_after("b", 0.003)
    await until(lambda: not is_empty(queue))
    assert await queue.take() == "b"
    assert is_empty(queue)


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.1), (2, 0.2), (4, 0.8), (99, 30.0)])
def test_pauses_double_up_to_a_bound_and_are_never_in_step(failures: int, longest: float) -> None:
    pauses = {Backoff().pause_s(failures) for _ in range(50)}
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert len(pauses) > 1
