from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_datacube._page import board as boards
from airflow_provider_datacube._page.board import Board
from airflow_provider_datacube._page.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datacube._page.rows import Row

HERE, THERE = Place("k8s"), Place("k8s", "ml")


@pytest.fixture
def board() -> Board:
    return Board([HERE, THERE])


def keys(rows: list[Row]) -> list[str]:
    return [row["key"] for row in rows]


def test_one_who_knows_nothing_gets_everything(board: Board, row: Callable[..., Row]) -> None:
    board.put(HERE, row("a"))
    board.put(THERE, row("b"))
    seen = board.changes("")
    assert (seen.is_all, keys(seen.rows)) == (True, ["k8s/a", "k8s/b"])


def test_one_who_looked_before_gets_what_changed(board: Board, row: Callable[..., Row]) -> None:
    board.keep_only(HERE, {r["key"]: r for r in (row("a"), row("b"), row("c"))})
    before = board.changes("").cursor
    board.put(HERE, row("b", state="Running"))
    board.put(HERE, row("c"))  # as it was
    board.drop(HERE, "k8s/a")
    seen = board.changes(before)
    assert (seen.is_all, keys(seen.rows), seen.gone) == (False, ["k8s/b"], ["k8s/a"])
    assert board.changes(seen.cursor)[1:4] == (False, [], [])


def test_what_a_new_list_lacks_is_gone(board: Board, row: Callable[..., Row]) -> None:
    board.keep_only(HERE, {"k8s/a": row("a"), "k8s/b": row("b")})
    board.put(THERE, row("x"))
    before = board.cursor
    board.keep_only(HERE, {"k8s/b": row("b")})
    assert board.changes(before).gone == ["k8s/a"]
    assert board.row("k8s/a") is None
    assert board.row("k8s/x") is not None


@pytest.mark.parametrize("cursor", ["other.3", "junk", "{epoch}.99", "{epoch}.-1", "{epoch}."])
def test_a_cursor_of_another_process_counts_as_none(board: Board, cursor: str) -> None:
    assert board.changes(cursor.format(epoch=board.epoch)).is_all


def test_one_who_was_away_too_long_gets_everything(
    board: Board, row: Callable[..., Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "_MOST_GONE", 2)
    board = Board([HERE])
    before = board.cursor
    for uid in "abc":
        board.put(HERE, row(uid))
        board.drop(HERE, f"k8s/{uid}")
    assert board.changes(before).is_all


def test_how_a_place_is_doing_is_a_change(board: Board) -> None:
    before = board.cursor
    board.stand(HERE, "trouble", "403 Forbidden")
    told = board.changes(before).standings[0]
    assert (told["state"], told["message"]) == ("trouble", "403 Forbidden")
    now = board.cursor
    board.stand(HERE, "trouble", "403 Forbidden")
    assert board.cursor == now
