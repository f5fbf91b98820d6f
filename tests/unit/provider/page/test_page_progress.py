"""How far the running ones are, read by turns from the ends of their pods' logs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datacube._page.board import Board
from airflow_provider_datacube._page.places import Place
from airflow_provider_datacube._page.progress import HowFar
from datacube_api.errors import DataCubeApiError, DataCubeForbiddenError
from datacube_api.progress import Count, Phase, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datacube._page.rows import Row

HERE, THERE = Place("k8s"), Place("other")
HALF = Progress(Phase.TRANSFER, 512, 1024, Count(1, 2)).to_line()


class Logs:
    """The logs of pods; it notes who was asked for, and waits for a go."""

    def __init__(self) -> None:
        self.said: dict[str, list[str] | Exception] = {}
        self.asked: list[str] = []
        self.turn = asyncio.Semaphore(0)

    async def log(self, _: str, pod: str, since: str = "", *, lines: int) -> str:
        assert not since
        self.asked.append(pod)
        self.turn.release()
        said = self.said.get(pod, [HALF])
        if isinstance(said, Exception):
            raise said
        return "".join(f"2026-11-25T10:00:00Z {line}\n" for line in said[-lines:])


@pytest.fixture
def board() -> Board:
    return Board([HERE, THERE])


@pytest.fixture
def logs() -> Logs:
    return Logs()


async def looked(board: Board, logs: Logs, times: int) -> None:
    """Let the reader look so often."""
    how_far = HowFar(HERE, board, lambda: None, between_s=0)
    async with asyncio.timeout(5), how_far.reading(logs):
        for _ in range(times):
            await logs.turn.acquire()
        await asyncio.sleep(0)


def running(row: Callable[..., Row], uid: str) -> Row:
    return row(uid, state="Running", pod=f"pod-{uid}")


async def test_the_running_ones_of_the_place_take_turns(
    board: Board, logs: Logs, row: Callable[..., Row]
) -> None:
    for uid in "abc":
        board.put(HERE, running(row, uid))
    board.put(HERE, row("waits", state="Pending", pod="pod-waits"))
    board.put(HERE, row("ended", state="Succeeded", pod="pod-ended"))
    board.put(HERE, row("unknown", state="Running"))
    board.put(THERE, running(row, "elsewhere"))
    await looked(board, logs, 6)
    assert logs.asked[:6] == ["pod-a", "pod-b", "pod-c"] * 2


async def test_the_last_line_that_says_so_says_how_far(
    board: Board, logs: Logs, row: Callable[..., Row]
) -> None:
    board.put(HERE, running(row, "a"))
    before = board.cursor
    logs.said["pod-a"] = ["transfer of ages ago", HALF, "words"]
    await looked(board, logs, 1)
    (changed,) = board.changes(before).rows
    assert changed["fraction"] == 0.5


async def test_what_has_no_log_yet_is_passed_over(
    board: Board, logs: Logs, row: Callable[..., Row]
) -> None:
    board.put(HERE, running(row, "a"))
    board.put(HERE, running(row, "b"))
    logs.said["pod-a"] = DataCubeApiError("the container has not started", status=400)
    await looked(board, logs, 2)
    assert [r["fraction"] for r in board.rows_of(HERE)] == [None, 0.5]


async def test_who_may_not_read_logs_does_not_ask_again(
    board: Board, logs: Logs, row: Callable[..., Row]
) -> None:
    board.put(HERE, running(row, "a"))
    logs.said["pod-a"] = DataCubeForbiddenError("no right", status=403)
    how_far = HowFar(HERE, board, lambda: None, between_s=0)
    async with asyncio.timeout(5), how_far.reading(logs):
        await logs.turn.acquire()
        for _ in range(20):
            await asyncio.sleep(0)
    assert logs.asked == ["pod-a"]


def test_how_far_it_was_stays_until_another_pod_begins(
    board: Board, row: Callable[..., Row]
) -> None:
    board.put(HERE, running(row, "a"))
    board.tell_fraction(HERE, "k8s/a", 0.5)
    board.put(HERE, {**running(row, "a"), "version": "8"})
    assert [r["fraction"] for r in board.rows_of(HERE)] == [0.5]
    board.put(HERE, {**running(row, "a"), "pod": "pod-a2"})
    assert [r["fraction"] for r in board.rows_of(HERE)] == [None]
    board.tell_fraction(HERE, "k8s/gone", 0.5)
    assert len(list(board.rows_of(HERE))) == 1
