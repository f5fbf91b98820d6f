from __future__ import annotations

import json

import pytest

from datacube_runtime.transfer.progress import Progress, sample_of


@pytest.mark.parametrize(
    ("line", "phase", "done", "objects", "rate"),
    [
        ("remote: Enumerating objects: 5, done.", "list", 0, None, 0),
        ("remote: Counting objects:  50% (5/10)", "list", 0, (5, 10), 0),
        ("Receiving objects:  42% (5/12), 1.50 MiB | 4.00 KiB/s", "transfer", 1572864, (5, 12),
         4096),
        ("Receiving objects: 100% (12/12), 512 bytes | 512.00 KiB/s, done.", "transfer", 512,
         (12, 12), 524288),
        ("Writing objects: 100% (3/3), 1.00 GiB | 1.00 MiB/s, done.", "transfer", 1 << 30, (3, 3),
         1 << 20),
        ("Resolving deltas:   0% (0/7)", "verify", 0, (0, 7), 0),
        ("Updating files:  99% (99/100)", "checkout", 0, (99, 100), 0),
    ],
)  # fmt: skip
def test_the_progress_of_git_is_read(
    line: str, phase: str, done: int, objects: tuple[int, int] | None, rate: int
) -> None:
    sample = sample_of(line)
    assert sample
    assert (sample.phase, sample.done_bytes) == (phase, done)
    assert (sample.objects, sample.rate_bytes_s) == (objects, rate)


@pytest.mark.parametrize(
    "line",
    ["", "fatal: no", "remote: Total 3 (delta 0)", "Receiving objects:", "x Counting objects: 1"],
)
def test_other_words_are_no_progress(line: str) -> None:
    assert sample_of(line) is None


def test_there_is_at_most_one_line_a_second() -> None:
    times, lines = iter([100.0, 100.4, 100.9, 101.0, 101.5]), list[str]()
    progress = Progress(lines.append, lambda: next(times))
    for n in range(5):
        assert progress.show(f"Receiving objects:  10% ({n}/10), 1.00 KiB | 2.00 KiB/s")
    assert [json.loads(line)["files"] for line in lines] == [[0, 10], [3, 10]]


def test_the_line_is_the_uniform_one() -> None:
    lines = list[str]()
    Progress(lines.append, lambda: 7.0).show("Updating files:  50% (1/2)")
    assert json.loads(lines[0]) == {
        "t": 7.0, "phase": "checkout", "done": 0, "total": None, "files": [1, 2], "rate": 0,
        "eta": None,
    }  # fmt: skip


def test_what_is_no_progress_is_left_to_others() -> None:
    lines = list[str]()
    assert not Progress(lines.append, lambda: 0.0).show("fatal: no")
    assert lines == []
