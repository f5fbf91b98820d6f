from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_datacube._logtail import LINES, LogTail, readable

if TYPE_CHECKING:
    from collections.abc import Sequence


def piece(*lines: tuple[str, str]) -> str:
    return "".join(f"2026-11-25T10:00:{time}Z {line}\n" for time, line in lines)


def test_a_log_is_read_from_the_second_in_which_the_last_piece_ended() -> None:
    tail = LogTail()
    assert tail.since == ""
    tail.take(piece(("01.9", "a"), ("02.123456789", "b")))
    assert tail.since == "2026-11-25T10:00:02Z"


def test_only_what_is_new_is_returned() -> None:
    tail = LogTail()
    assert tail.take(piece(("01.5", "a"), ("02.1", "b"))) == ["a", "b"]
    assert tail.take(piece(("02.1", "b"), ("02.10", "c"), ("02.2", "d"))) == ["c", "d"]
    assert tail.take(piece(("02.1", "b"), ("02.10", "c"), ("02.2", "d"))) == []
    assert tail.take(piece(("02.1", "b"), ("02.10", "c"), ("02.2", "d"), ("03", "e"))) == ["e"]
    assert tail.take(piece(("03", "e"), ("03", "e"))) == ["e"]


def test_lines_of_two_streams_may_be_a_little_out_of_order() -> None:
    tail = LogTail()
    tail.take(piece(("02.2", "out")))
    assert tail.take(piece(("02.2", "out"), ("02.1", "err"))) == ["err"]


def test_a_line_whose_time_was_guessed_and_is_known_now_is_not_repeated() -> None:
    tail = LogTail()
    assert tail.take(piece(("02.2", "a"))) == ["a"]
    assert tail.take(piece(("02.9", "a"), ("02.9", "b"))) == ["b"]


def test_times_of_any_zone_and_precision_are_understood() -> None:
    tail = LogTail()
    tail.take("2026-11-25T18:00:01.5+08:00 a\n")
    assert tail.since == "2026-11-25T10:00:01Z"
    assert tail.take("2026-11-25T10:00:01.5Z a\n2026-11-25T10:00:01.51Z b\n") == ["b"]


def test_half_a_line_waits_for_its_end() -> None:
    tail = LogTail()
    assert tail.take(piece(("01", "a")) + "2026-11-25T10:00:01Z hal") == ["a"]
    assert tail.take(piece(("01", "a"), ("01", "half"))) == ["half"]
    assert tail.take(piece(("01", "a"), ("01", "half")) + "2026-11-25T10:00:01Z x") == []
    last = piece(("01", "a"), ("01", "half")) + "2026-11-25T10:00:01Z x"
    assert tail.take(last, is_last=True) == ["x"]


def test_a_piece_that_is_only_the_end_of_the_log_says_so_and_repeats_nothing() -> None:
    tail = LogTail()
    many = [(f"{number // 10:02d}.{number % 10}", str(number)) for number in range(590)]
    (left_out, *shown) = tail.take(piece(*many[:LINES]))
    assert "left out" in left_out
    assert shown == [str(number) for number in range(LINES)]
    (left_out, *shown) = tail.take(piece(*many[-LINES:]))
    assert "left out" in left_out
    assert shown == [str(number) for number in range(590 - LINES, 590)]
    again = [*many[-LINES + 1 :], ("59.1", "new")]
    assert tail.take(piece(*again)) == ["new"]


@given(st.lists(st.integers(0, 59), max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_every_line_is_shown_once_however_the_log_is_cut(
    seconds: Sequence[int], cuts: Sequence[int]
) -> None:
    log = [(f"{second:02d}.{number:03d}", str(number)) for number, second in enumerate(seconds)]
    log.sort()
    tail = LogTail()
    shown: list[str] = []
    for cut in [*sorted(cuts), len(log)]:
        since = tail.since[17:19]
        shown += tail.take(piece(*(line for line in log[:cut] if line[0][:2] >= since)))
    assert shown == [line for _, line in log]


def test_pods_of_later_attempts_come_one_after_another() -> None:
    tail = LogTail()
    tail.starts("a")
    tail.take(piece(("01", "a")))
    tail.starts("b")
    tail.starts("b")
    assert (tail.pods, tail.since) == (("a", "b"), "2026-11-25T10:00:01Z")
    assert tail.ends()
    assert (tail.pods, tail.since) == (("b",), "")
    assert not tail.ends()


def test_of_progress_the_last_of_each_phase_is_shown_in_words() -> None:
    lines = [
        "list: 0 B, 10 of 10 files [done=0 files=10/10]",
        "transfer: 1.0 MiB of 3.0 MiB (33 %) [done=1048576 total=3145728]",
        "a warning",
        "transfer: 2.0 MiB of 3.0 MiB (66 %) [done=2097152 total=3145728]",
    ]
    assert readable(lines) == [
        "list: 0 B (100 %), 10 of 10 files",
        "a warning",
        "transfer: 2.0 MiB of 3.0 MiB (66 %)",
    ]


@pytest.mark.parametrize("line", ["token=hf_abcdefghijklmnop", "https://u:hf_abcdefghijkl@h/x"])
def test_nothing_secret_is_shown(line: str) -> None:
    (shown,) = readable([line])
    assert "hf_abc" not in shown


def test_a_line_can_open_no_group_of_airflow_nor_move_the_cursor() -> None:
    assert readable(["::group::x", "\x1b[2Ahello"]) == [": :group::x", "hello"]


def test_what_is_no_log_is_no_line() -> None:
    assert LogTail().take("unable to retrieve container logs for containerd://x") == []
    assert LogTail().take("") == []
