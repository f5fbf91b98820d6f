"""The shared watch of the page, on the store: who starts it, what it tells, when it ends."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._page import viewing as viewings
from airflow_provider_datacube._page.places import Place
from airflow_provider_datacube._page.viewing import Times, Viewing
from airflow_provider_datacube._refusals import Request, refused
from airflow_provider_datacube._watching import Pace
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from airflow_provider_datacube._page.board import Changes

HERE = Place("k8s")


@pytest.fixture
def create(store: Any, manifest: dict[str, Any]) -> Callable[[str], CubeRef]:
    def create(name: str) -> CubeRef:
        metadata = {"namespace": "default", "name": name}
        return CubeRef.of(store.create({**manifest, "metadata": metadata}))

    return create


@pytest.fixture
async def viewing(store: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Viewing]:
    monkeypatch.setattr(viewings, "PACE", Pace(0.001, 0.001, 0.002, 60.0, 0.0))

    @asynccontextmanager
    async def connect(conn_id: str) -> AsyncIterator[Any]:
        assert conn_id == "k8s"
        async with store.connect() as cubes:
            cubes.namespace = "default"
            yield cubes

    viewing = Viewing([HERE], connect, Times(gather=0.0))
    yield viewing
    viewing.stop()


async def seen(viewing: Viewing, wanted: Callable[[Changes], Any]) -> Changes:
    """View until what is seen is as wanted."""
    cursor = ""
    async with asyncio.timeout(5):
        while True:
            changes = await viewing.changes(cursor, 0.05)
            if wanted(changes):
                return changes
            cursor = changes.cursor


def names(changes: Changes) -> list[str]:
    return [row["name"] for row in changes.rows]


def states(changes: Changes) -> list[str]:
    return [standing["state"] for standing in changes.standings]


async def test_many_viewers_cost_one_list_and_one_watch(
    store: Any, viewing: Viewing, create: Callable[[str], CubeRef], fakes: Any
) -> None:
    refs = [create(f"x-{number}") for number in range(3)]
    all_ = [asyncio.create_task(seen(viewing, lambda c: len(c.rows) == 3)) for _ in range(20)]
    await asyncio.gather(*all_)
    await seen(viewing, lambda c: states(c) == ["live"])
    live = viewing.board.cursor
    waiting = [asyncio.create_task(viewing.changes(live, 5)) for _ in range(20)]
    await store.until_asked("watch")
    store.set_status(refs[1], fakes.COMPLETE)
    for changes in await asyncio.gather(*waiting):
        assert names(changes) == ["x-1"]
    assert (store.asked.count("list"), store.asked.count("watch")) == (1, 1)


async def test_a_deleted_one_goes_and_a_new_one_comes(
    store: Any, viewing: Viewing, create: Callable[[str], CubeRef]
) -> None:
    ref = create("old")
    await seen(viewing, lambda c: names(c) == ["old"] and states(c) == ["live"])
    before = viewing.board.cursor
    await store.until_asked("watch")
    store.delete(ref)
    create("new")
    changes = await viewing.changes(before, 5)
    while not (changes.gone and changes.rows):
        changes = await viewing.changes(before, 5)
    assert changes.gone == [f"k8s/{ref.uid}"]
    assert names(changes) == ["new"]


async def test_the_watch_ends_after_the_last_viewer_and_comes_back(viewing: Viewing) -> None:
    await seen(viewing, lambda c: states(c) == ["live"])
    assert viewing.watches == 1
    viewing._times = Times(linger=0.0, gather=0.0)
    live = viewing.board.cursor
    await viewing.changes(live, 0.0)
    async with asyncio.timeout(5):
        await viewing._changed_since(live)
    assert states(viewing.board.changes("")) == ["reading"]
    assert viewing.watches == 0
    await seen(viewing, lambda c: states(c) == ["live"])


async def test_a_viewer_waits_no_longer_than_it_says(viewing: Viewing) -> None:
    await seen(viewing, lambda c: states(c) == ["live"])
    now = viewing.board.cursor
    assert (await viewing.changes(now, 0.01)).cursor == now


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_what_is_wrong_is_told_and_asked_again(
    store: Any, viewing: Viewing, create: Callable[[str], CubeRef], status: int
) -> None:
    create("x")
    fault = refused(Request("list", "default", "k8s"), status, "{}")
    store.refuse("list", *[fault] * 3)
    told = await seen(viewing, lambda c: states(c) == ["trouble"])
    assert told.standings[0]["message"] == str(fault)
    await seen(viewing, lambda c: states(c) == ["live"] and c.standings[0]["message"] == "")


async def test_where_watching_is_forbidden_it_lists_again(
    store: Any, viewing: Viewing, create: Callable[[str], CubeRef]
) -> None:
    store.refuse("watch", refused(Request("watch", "default", "k8s"), 403, "{}"))
    told = await seen(viewing, lambda c: states(c) == ["polling"])
    assert "grant it the verb 'watch'" in told.standings[0]["message"]
    create("late")
    await seen(viewing, lambda c: names(c) == ["late"])


async def test_a_version_that_is_gone_is_no_trouble(
    store: Any, viewing: Viewing, create: Callable[[str], CubeRef]
) -> None:
    create("x")
    store.refuse("stream", refused(Request("watch", "default", "k8s"), 410, "{}"))
    seen_states: list[str] = []

    def again(changes: Changes) -> bool:
        seen_states.extend(states(changes))
        return bool(store.asked.count("list") >= 2 and states(changes) == ["live"])

    await seen(viewing, again)
    assert "trouble" not in seen_states


async def test_an_error_that_nobody_foresaw_is_shown(store: Any, viewing: Viewing) -> None:
    store.refuse("list", RuntimeError("boom"))
    told = await seen(viewing, lambda c: states(c) == ["trouble"])
    assert "RuntimeError" in told.standings[0]["message"]
    assert "boom" not in told.standings[0]["message"]
    await seen(viewing, lambda c: states(c) == ["live"])


async def test_a_row_that_another_process_has_shown_is_read_first(
    viewing: Viewing, create: Callable[[str], CubeRef]
) -> None:
    ref = create("a")
    found = await viewing.find(f"k8s/{ref.uid}", 5.0)
    assert found is not None
    assert found["name"] == "a"
    assert await viewing.find("k8s/other", 5.0) is None
