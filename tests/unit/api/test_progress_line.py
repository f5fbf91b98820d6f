from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_api.progress import Count, Phase, Progress, read_progress, readable_bytes

NUMBERS = st.integers(0, 2**63)
COUNTS = st.builds(Count, NUMBERS, NUMBERS, st.sampled_from(["files", "objects"]))
PROGRESS = st.builds(
    Progress,
    st.sampled_from(Phase),
    NUMBERS,
    st.none() | NUMBERS,
    st.none() | COUNTS,
    st.none() | NUMBERS,
    st.none() | NUMBERS,
)


def test_people_read_the_left_and_programs_the_right() -> None:
    progress = Progress(Phase.TRANSFER, 12897485, 31457280, Count(3, 12), 4718592, 4)
    assert progress.to_line() == (
        "transfer: 12.3 MiB of 30.0 MiB (41 %), 3 of 12 files, 4.5 MiB/s, 4 s left "
        "[done=12897485 total=31457280 files=3/12 rate=4718592 eta=4]"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert Progress(Phase.LIST, 0).to_line() == "list: 0 B [done=0]"


@given(PROGRESS)
def test_what_was_written_is_read_back(progress: Progress) -> None:
    assert read_progress(progress.to_line()) == progress


@pytest.mark.parametrize(
    "line", ["", "transfer: 1 B", "x: 1 B [done=1]", "fatal: no [done=x]", "[done=1]"]
)
def test_other_words_are_no_progress(line: str) -> None:
    assert read_progress(line) is None


@pytest.mark.parametrize(
    ("done", "total", "count", "fraction"),
    [(1, 4, None, 0.25), (0, None, Count(1, 2), 0.5), (9, 4, None, 1.0), (0, 0, None, None)],
)
def test_the_fraction_is_by_bytes_where_they_are_known(
    done: int, total: int | None, count: Count | None, fraction: float | None
) -> None:
    assert Progress(Phase.TRANSFER, done, total, count).fraction == fraction


def test_sizes_are_written_as_people_do() -> None:
    sizes = (0, 1023, 1024, 1536, 2**40)
    assert [readable_bytes(n) for n in sizes] == ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 TiB"]
