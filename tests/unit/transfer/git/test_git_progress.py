from __future__ import annotations

import pytest

from datacube_api.progress import Count, Phase, Progress
from datacube_runtime.transfer.git.progress import read_line


@pytest.mark.parametrize(
    ("line", "phase", "done", "count"),
    [
        ("remote: Enumerating objects: 5, done.", Phase.LIST, 0, None),
        ("remote: Counting objects:  50% (5/10)", Phase.LIST, 0, Count(5, 10, "objects")),
        ("Receiving objects:  42% (5/12), 1.50 MiB | 4.00 KiB/s", Phase.TRANSFER, 1572864,
         Count(5, 12, "objects")),
        ("Receiving objects: 100% (12/12), 512 bytes | 512.00 KiB/s, done.", Phase.TRANSFER, 512,
         Count(12, 12, "objects")),
        ("Writing objects: 100% (3/3), 1.00 GiB | 1.00 MiB/s, done.", Phase.TRANSFER, 1 << 30,
         Count(3, 3, "objects")),
        ("Resolving deltas:   0% (0/7)", Phase.VERIFY, 0, Count(0, 7, "objects")),
        ("Updating files:  99% (99/100)", Phase.CHECKOUT, 0, Count(99, 100, "files")),
    ],
)  # fmt: skip
def test_the_progress_of_git_is_read(
    line: str, phase: Phase, done: int, count: Count | None
) -> None:
    assert read_line(line) == Progress(phase, done, count=count)


@pytest.mark.parametrize(
    "line",
    ["", "fatal: no", "remote: Total 3 (delta 0)", "Receiving objects:", "x Counting objects: 1"],
)
def test_other_words_are_for_people(line: str) -> None:
    assert read_line(line) == line
