from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = [f"part-{n:02}/model.bin" for n in range(20)]


@pytest.fixture
def models(origin: Any) -> Any:
    """A repository of twenty files; `newer` makes all of them others."""
    fill(origin, 1)
    return origin


def fill(origin: Any, seed: int) -> str:
    """Commit other content for every file, and return the commit."""
    content = random.Random(seed)  # noqa: S311 - the same bytes each time
    for name in NAMES:
        path = origin.work / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.randbytes(100_000))
    return str(origin.commit("seed.txt", str(seed)))


def equal(origin: Any, volume: Path) -> bool:
    return all(
        (origin.work / name).read_bytes() == (volume / "models" / name).read_bytes()
        for name in [*NAMES, "seed.txt"]
    )


def kill(process: subprocess.Popen[str]) -> None:
    """End it and all of its children at once, as the end of a pod does."""
    with suppress(psutil.NoSuchProcess):  # it has ended by itself
        parent = psutil.Process(process.pid)
        members = {parent, *parent.children(recursive=True)}
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.suspend()
        # Those that came meanwhile too; and those whose parent ended, which nobody would find.
        for member in {*members, *parent.children(recursive=True)}:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    process.communicate(timeout=20)


@pytest.fixture
def pauses() -> Iterator[float]:
    moments = random.Random(7)  # noqa: S311 - the same moments each time
    return iter(moments.uniform(0.3, 1.2) for _ in itertools.count())


def test_killed_at_any_moment_the_next_one_goes_on(
    program: Any, models: Any, volume: Path, pauses: Iterator[float]
) -> None:
    assert program.download(URL=models.url).code == 0
    for seed in range(2, 6):
        commit = fill(models, seed)
        process = program.start("download", URL=models.url)
        with suppress(subprocess.TimeoutExpired):
            process.wait(next(pauses))
        kill(process)
        ended = program.download(URL=models.url)
        assert ended.reason == "TransferSucceeded", ended.message
        assert (ended.result["commit"], equal(models, volume)) == (commit, True)
        assert leftovers(volume) == []


def leftovers(volume: Path) -> list[str]:
    git_dir = volume / "models" / ".git"
    left = [*git_dir.rglob("*.lock"), *git_dir.rglob("tmp_*"), *volume.glob(".*.partial")]
    return [str(path) for path in [*left, *git_dir.glob("datacube-transfer")]]


@pytest.fixture
def cut(program: Any, models: Any, volume: Path, wait_until: Any, tmp_path: Path) -> str:
    """An update was killed: one file is new, of one there is a beginning, and Git's lock stays."""
    assert program.download(URL=models.url).code == 0
    commit = fill(models, 2)
    reached, path = tmp_path / "reached", program.path
    program.wrap(
        "git", f'case " $* " in *" checkout "*) touch "{reached}"; sleep 60;; esac\nreal "$@"'
    )
    process = program.start("download", URL=models.url)
    wait_until(reached.exists)
    kill(process)
    program.path = path
    first, second = (NAMES[0], NAMES[1])
    (volume / "models" / first).write_bytes((models.work / first).read_bytes())
    (volume / "models" / second).write_bytes((models.work / second).read_bytes()[:70_000])
    (volume / "models" / "seed.txt").write_text("")
    (volume / "models" / ".git" / "index.lock").touch()
    (volume / "models" / ".git" / "objects" / "pack" / "tmp_pack_x").touch()
    return commit


def test_what_it_was_writing_is_written_again(
    program: Any, models: Any, volume: Path, cut: str
) -> None:
    ended = program.download(URL=models.url)
    assert (ended.reason, ended.result["commit"]) == ("TransferSucceeded", cut), ended.message
    assert equal(models, volume)
    assert leftovers(volume) == []


@pytest.mark.usefixtures("cut")
def test_what_somebody_wrote_since_is_not_lost(program: Any, models: Any, volume: Path) -> None:
    (volume / "models" / NAMES[5]).write_bytes(b"mine")
    ended = program.download(URL=models.url)
    assert ended.code != 0
    assert (volume / "models" / NAMES[5]).read_bytes() == b"mine"


@pytest.mark.usefixtures("cut")
def test_a_link_put_in_its_place_is_not_followed(
    program: Any, models: Any, volume: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    half = (volume / "models" / NAMES[1]).read_bytes()
    (outside / "model.bin").write_bytes(half)
    directory = (volume / "models" / NAMES[1]).parent
    (directory / "model.bin").unlink()
    directory.rmdir()
    directory.symlink_to(outside)
    program.download(URL=models.url)
    assert (outside / "model.bin").read_bytes() == half


def test_a_lock_that_was_there_before_is_not_ours(program: Any, models: Any, volume: Path) -> None:
    assert program.download(URL=models.url).code == 0
    lock = volume / "models" / ".git" / "index.lock"
    lock.touch()
    fill(models, 2)
    for _ in range(2):
        assert program.download(URL=models.url).code != 0
    assert lock.exists()


def test_two_transfers_do_not_change_one_repository_at_once(
    program: Any, models: Any, wait_until: Any, tmp_path: Path
) -> None:
    assert program.download(URL=models.url).code == 0
    reached, path = tmp_path / "reached", program.path
    program.wrap(
        "git", f'case " $* " in *" fetch "*) touch "{reached}"; sleep 60;; esac\nreal "$@"'
    )
    first = program.start("download", URL=models.url)
    wait_until(reached.exists)
    program.path = path
    assert "another transfer is at work" in program.download(URL=models.url).message
    os.kill(first.pid, signal.SIGTERM)
    assert program.end(first).reason == "Cancelled"
    assert program.download(URL=models.url).code == 0
