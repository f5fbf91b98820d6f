from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def hung(program: Any, tmp_path: Path) -> Path:
    """Git clones and then hangs, with a child that does not listen to SIGTERM."""
    pids = tmp_path / "pids"
    program.wrap(
        "git",
        'real "$@" || exit $?\n'
        'case " $* " in *" clone "*)\n'
        f'  sh -c \'trap "" TERM; echo $$ >> "{pids}"; while :; do sleep 1; done\' &\n'
        f'  echo $$ >> "{pids}"\n'
        "  wait;;\n"
        "esac",
    )
    return pids


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def _alive(pid: str) -> bool:
    try:
        return bool(psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_sigterm_ends_everything_and_leaves_nothing(
    program: Any, origin: Any, volume: Path, hung: Path, wait_until: Any
) -> None:
    process = program.start("download", URL=origin.url, sub_path="sub")
    wait_until(lambda: len(_lines(hung)) == 2)
    assert list((volume / "sub").iterdir())
    process.send_signal(signal.SIGTERM)
    ended = program.end(process)
    assert (ended.code, ended.reason) == (143, "Cancelled")
    wait_until(lambda: not any(map(_alive, _lines(hung))))
    assert list((volume / "sub").iterdir()) == []
    assert list((program.scratch / "tmp").iterdir()) == []


def test_what_a_killed_attempt_left_is_cleared_by_the_next(
    program: Any, origin: Any, volume: Path, hung: Path, wait_until: Any
) -> None:
    process = program.start("download", URL=origin.url)
    wait_until(lambda: len(_lines(hung)) == 2)
    process.kill()
    process.communicate(timeout=10)
    for pid in _lines(hung):
        psutil.Process(int(pid)).kill()
    assert [path.name.endswith(".partial") for path in volume.iterdir()] == [True]
    program.path = program.path.partition(":")[2]
    assert program.download(URL=origin.url).code == 0
    assert [path.name for path in volume.iterdir()] == ["models"]


def test_what_another_transfer_is_at_is_left_to_it(
    program: Any, origin: Any, volume: Path, hung: Path, wait_until: Any
) -> None:
    first = program.start("download", URL=origin.url)
    wait_until(lambda: len(_lines(hung)) == 2)
    program.path = program.path.partition(":")[2]
    assert program.download(URL=origin.url).code == 0
    assert len(list(volume.iterdir())) == 2
    first.send_signal(signal.SIGTERM)
    assert program.end(first).code == 143
    assert [path.name for path in volume.iterdir()] == ["models"]


def test_a_server_that_never_answers_can_be_left(
    program: Any, origin: Any, wait_until: Any, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    program.wrap("git", f'echo $$ > "{started}"\nexec sleep 600')
    process = program.start("download", URL=origin.url)
    wait_until(lambda: bool(_lines(started)))
    process.send_signal(signal.SIGTERM)
    assert program.end(process).reason == "Cancelled"
    wait_until(lambda: not any(map(_alive, _lines(started))))
