from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._waiters import Waiter, Waiters
from datacube_api.errors import DataCubeGoneError
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from types import ModuleType

ROUTE = contextvars.ContextVar("route", default="nobody")


def cube(uid: str = "u-1", name: str = "x", **status: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "ml", "name": name, "uid": uid}, "status": status}


@pytest.fixture
def done(fakes: ModuleType) -> dict[str, Any]:
    return cube(**fakes.COMPLETE)


@pytest.fixture
async def waiters() -> Waiters:
    return Waiters()


@pytest.fixture
async def waiter(fakes: ModuleType, waiters: Waiters) -> Waiter:
    return joined(fakes, waiters)


def joined(fakes: ModuleType, waiters: Waiters, uid: str = "u-1", name: str = "x") -> Waiter:
    waiter = Waiter(CubeRef("ml", name, uid), fakes.Quiet())
    waiters.join(waiter)
    return waiter


def is_gone(waiter: Waiter) -> bool:
    return waiter.ended.done() and isinstance(waiter.ended.exception(), DataCubeGoneError)


async def test_an_end_wakes_who_waits_for_it_and_nobody_else(
    fakes: ModuleType, waiters: Waiters, waiter: Waiter, done: dict[str, Any]
) -> None:
    namesake, other = joined(fakes, waiters, "u-2"), joined(fakes, waiters, name="y")
    waiters.heard("MODIFIED", done)
    assert waiter.ended.result() is done
    assert not namesake.ended.done()
    assert not other.ended.done()


async def test_two_may_wait_for_one(
    fakes: ModuleType, waiters: Waiters, waiter: Waiter, done: dict[str, Any]
) -> None:
    second = joined(fakes, waiters)
    waiters.leave(waiter)
    waiters.heard("MODIFIED", done)
    assert second.ended.done()
    assert not waiter.ended.done()


async def test_an_absence_says_nothing_to_who_came_after_the_question(
    fakes: ModuleType, waiters: Waiters, waiter: Waiter
) -> None:
    asked = waiters.begin_look()
    late = joined(fakes, waiters, name="y")
    newer = joined(fakes, waiters, "u-2")
    waiters.end_look(asked, 0)
    await asyncio.wait({waiter.ended}, timeout=5)
    assert is_gone(waiter)
    assert not late.ended.done()
    assert not newer.ended.done()
    assert waiters.unseen == {late, newer}


async def test_a_namesake_in_the_answer_is_not_ours(waiters: Waiters, waiter: Waiter) -> None:
    asked = waiters.begin_look()
    waiters.found(cube("u-2"), asked)
    assert not waiter.ended.done()
    waiters.end_look(asked, 0)
    await asyncio.wait({waiter.ended}, timeout=5)
    assert is_gone(waiter)


async def test_an_absence_is_told_after_what_the_watch_may_be_about_to_tell(
    fakes: ModuleType, waiters: Waiters, waiter: Waiter, done: dict[str, Any]
) -> None:
    other = joined(fakes, waiters, name="y")
    waiters.end_look(waiters.begin_look(), 0.05)
    waiters.heard("MODIFIED", done)
    waiters.heard("DELETED", done)
    assert waiter.ended.result() is done
    assert not other.ended.done()
    await asyncio.wait({other.ended}, timeout=5)
    assert is_gone(other)


async def test_an_older_namesakes_end_that_comes_late_is_not_ours(
    fakes: ModuleType, waiters: Waiters, waiter: Waiter
) -> None:
    waiters.heard("MODIFIED", cube("u-0", **fakes.COMPLETE))
    waiters.heard("DELETED", cube("u-0"))
    assert not waiter.ended.done()
    waiters.heard("DELETED", cube())
    assert is_gone(waiter)


async def test_of_one_that_is_gone_the_pod_is_remembered(waiters: Waiters, waiter: Waiter) -> None:
    waiters.heard("DELETED", cube(pod={"reference": {"name": "pod-1"}}))
    error = waiter.ended.exception()
    assert isinstance(error, DataCubeGoneError)
    assert error.pod == "pod-1"


async def test_who_waits_for_what_the_watch_knows_to_run_needs_no_look(
    fakes: ModuleType, waiters: Waiters
) -> None:
    waiters.heard("ADDED", cube())
    known = joined(fakes, waiters)
    assert not waiters.unseen
    unknown, whoever = joined(fakes, waiters, "u-2"), joined(fakes, waiters, "")
    assert waiters.unseen == {unknown, whoever}
    waiters.doubt()
    assert waiters.unseen == {known, unknown, whoever}


@pytest.mark.parametrize("kind", ["MODIFIED", "DELETED"])
async def test_what_has_ended_is_looked_for(
    fakes: ModuleType, waiters: Waiters, done: dict[str, Any], kind: str
) -> None:
    waiters.heard("ADDED", cube())
    waiters.heard(kind, done)
    late = joined(fakes, waiters)
    assert waiters.unseen == {late}


async def test_an_answer_older_than_an_event_is_not_believed(
    fakes: ModuleType, waiters: Waiters
) -> None:
    asked = waiters.begin_look()
    waiters.heard("DELETED", cube())
    waiters.found(cube(), asked)
    late = joined(fakes, waiters)
    assert waiters.unseen == {late}


async def test_a_look_that_broke_off_leaves_who_was_not_found_unseen(
    fakes: ModuleType, waiters: Waiters, waiter: Waiter
) -> None:
    other = joined(fakes, waiters, name="y")
    waiters.found(cube(), waiters.begin_look())
    assert waiters.unseen == {other}
    assert not waiter.ended.done()
    assert waiters.begin_look() == {other}


async def test_one_that_ended_and_was_deleted_has_ended(
    waiters: Waiters, waiter: Waiter, done: dict[str, Any]
) -> None:
    waiters.heard("DELETED", done)
    assert waiter.ended.result() is done


async def test_transitions_are_told_once_where_the_waiter_came_from(waiters: Waiters) -> None:
    class Routed:
        def __init__(self) -> None:
            self.lines: list[tuple[str, str]] = []

        def info(self, msg: str, /, *args: Any) -> None:
            self.lines.append((ROUTE.get(), msg % args))

        warning = info

    log = Routed()
    token = ROUTE.set("task 1")
    waiters.join(Waiter(CubeRef("ml", "x", "u-1"), log))
    ROUTE.reset(token)
    waiters.heard("MODIFIED", cube())
    waiters.heard("MODIFIED", cube())
    waiters.heard("MODIFIED", cube(conditions=[{"type": "Initialized", "status": "True"}]))
    assert log.lines == [("task 1", "DataCube ml/x: Pending"), ("task 1", "DataCube ml/x: Running")]


async def test_who_has_left_is_forgotten(waiters: Waiters, waiter: Waiter) -> None:
    assert waiters
    waiters.leave(waiter)
    assert not waiters
    assert not waiters.unseen
