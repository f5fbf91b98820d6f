from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.apiserver.logs import LogQuery, chunks
from datacube_runtime.local.apiserver.logtimes import LogTimes, notes
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacube_runtime.local.registry.registry import Registry

Make = Any
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def made(registry: Registry, pod: Make) -> dict[str, Any]:
    made = registry.create(PODS, "default", pod("p"))
    return {**made, "status": {"phase": "Running"}}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "pod.log"


@pytest.fixture
def times(registry: Registry, log: Path) -> LogTimes:
    return LogTimes(registry, lambda *_: log)


@pytest.fixture
def write(log: Path) -> Callable[[bytes, float], None]:
    def write(data: bytes, second: float) -> None:
        with log.open("ab") as file:
            file.write(data)
        time = START.timestamp() + second
        os.utime(log, (time, time))

    return write


async def read(registry: Registry, pod: Any, log: Path, **wanted: Any) -> str:
    read = [chunk async for chunk in chunks(registry, pod, log, LogQuery(**wanted))]
    return b"".join(read).decode()


@pytest.fixture
def three_lines(times: LogTimes, made: Any, write: Any) -> None:
    """One line written in each of three seconds; the last one has no note yet."""
    times.see("ADDED", made)
    for second, line in enumerate((b"one\n", b"two\n")):
        write(line, second)
        times.note()
    write(b"three", 2)


@pytest.mark.usefixtures("three_lines")
async def test_each_line_has_the_time_of_its_second(
    registry: Registry, made: Any, log: Path
) -> None:
    assert await read(registry, made, log, timestamps=True) == (
        "2026-01-01T00:00:00.000000Z one\n"
        "2026-01-01T00:00:01.000000Z two\n"
        "2026-01-01T00:00:02.000000Z three"
    )


@pytest.mark.usefixtures("three_lines")
@pytest.mark.parametrize(
    ("second", "expected"),
    [(-1, "one\ntwo\nthree"), (0, "one\ntwo\nthree"), (0.5, "two\nthree"), (2, "three")],
)
async def test_lines_from_before_a_time_are_left_out(
    registry: Registry, made: Any, log: Path, second: float, expected: str
) -> None:
    since = START + timedelta(seconds=second)
    assert await read(registry, made, log, since=since) == expected


@pytest.mark.usefixtures("three_lines")
async def test_a_line_that_may_go_on_is_never_too_old(
    registry: Registry, made: Any, log: Path, write: Any
) -> None:
    late = START + timedelta(seconds=3)
    assert await read(registry, made, log, since=late) == "three"
    write(b"\n", 2)
    assert await read(registry, made, log, since=late) == ""


async def test_a_line_cut_by_a_note_belongs_to_the_note_that_has_all_of_it(
    times: LogTimes, registry: Registry, made: Any, log: Path, write: Any
) -> None:
    times.see("ADDED", made)
    write(b"one\ntw", 0)
    times.note()
    write(b"o\n", 1)
    times.see("MODIFIED", {**made, "status": {"phase": "Succeeded"}})
    shown = await read(registry, made, log, timestamps=True, since=START + timedelta(seconds=1))
    assert shown == "2026-01-01T00:00:01.000000Z two\n"


@pytest.mark.usefixtures("three_lines")
async def test_tail_and_limit_count_what_is_shown(registry: Registry, made: Any, log: Path) -> None:
    shown = await read(registry, made, log, timestamps=True, tail_lines=2, limit_bytes=31)
    assert shown == "2026-01-01T00:00:01.000000Z two"


def test_a_log_that_does_not_grow_is_not_noted_again(
    times: LogTimes, made: Any, log: Path, write: Any
) -> None:
    times.see("ADDED", made)
    write(b"one\n", 0)
    times.note()
    times.note()
    assert len(log.with_suffix(".times").read_text().splitlines()) == 1
    assert len(notes(log)) == 2  # and how it is now


def test_the_notes_go_with_the_pod(times: LogTimes, made: Any, log: Path, write: Any) -> None:
    times.see("ADDED", made)
    write(b"one\n", 0)
    times.see("DELETED", made)
    assert not log.with_suffix(".times").exists()


def test_pods_that_do_not_run_are_not_looked_at(
    times: LogTimes, made: Any, log: Path, write: Any
) -> None:
    times.see("ADDED", {**made, "status": {"phase": "Pending"}})
    write(b"one\n", 0)
    times.note()
    assert not log.with_suffix(".times").exists()
