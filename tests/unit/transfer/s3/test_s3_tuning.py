from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.transfer.s3 import tuning
from datacube_runtime.transfer.s3.tuning import Load

MIB = 1024**2


def _number(args: tuple[str, ...], name: str) -> int:
    """Return the value of an argument; the last one wins, as it does for rclone."""
    found = [re.fullmatch(rf"--{name}=(\d+)B?", arg) for arg in args]
    return [int(match[1]) for match in found if match][-1]


def test_sizes_are_added_up() -> None:
    assert Load.of([]) == Load(0, 0, 0)
    assert Load.of([1, 5, 0]) == Load(3, 6, 5)
    assert (Load.of([1, 5, 0]).mean, Load().mean) == (2, 0)


@pytest.mark.parametrize(
    ("load", "transfers"),
    [
        (Load(10_000, 10_000 * 4096, 4096), 64),
        (Load(200, 200 * 5 * MIB, 5 * MIB), 16),
        (Load(1, 1024 * MIB, 1024 * MIB), 4),
        (Load(0, 0, 0), 64),
    ],
)
def test_small_files_go_many_at_once(load: Load, transfers: int) -> None:
    assert _number(tuning.download(load), "transfers") == transfers


def test_a_listing_that_would_fill_the_memory_is_done_in_pieces() -> None:
    assert "--fast-list" in tuning.common(Load(100_000, 1, 1))
    assert "--fast-list" not in tuning.common(Load(100_001, 1, 1))


@given(st.integers(1, 10**7), st.integers(0, 5 * 1024**4))
def test_parts_are_no_more_than_s3_takes(files: int, largest: int) -> None:
    chunk = _number(tuning.upload(Load(files, largest, largest)), "s3-chunk-size")
    assert chunk * 10_000 >= largest
    assert chunk % MIB == 0
    assert chunk == 16 * MIB or chunk * 9_000 < largest + 9_000 * MIB
