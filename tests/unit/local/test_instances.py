from __future__ import annotations

import os
from pathlib import Path

import pytest

from datacube_runtime.local import instances
from datacube_runtime.local.instances import (
    READY,
    DataDirectoryError,
    Instance,
    is_ours,
    locked,
    prepare,
    running_in,
    say,
)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_directory_is_private_and_marked(tmp_path: Path) -> None:
    prepare(tmp_path / "a/b")
    assert mode(tmp_path / "a/b") == 0o700
    assert is_ours(tmp_path / "a/b")
    assert [mode(file) for file in (tmp_path / "a/b").iterdir()] == [0o600]


def test_one_of_ours_that_was_opened_is_closed_again(tmp_path: Path) -> None:
    prepare(tmp_path)
    tmp_path.chmod(0o755)
    prepare(tmp_path)
    assert mode(tmp_path) == 0o700


def test_what_holds_other_things_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(DataDirectoryError, match="is no data directory"):
        prepare(tmp_path)
    assert mode(tmp_path) == 0o755
    assert not is_ours(tmp_path)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryError, match="not a directory"):
        prepare(tmp_path / "file")
    assert not is_ours(tmp_path / "file")


def test_another_users_directory_is_refused(tmp_path: Path) -> None:
    others = Path("/usr")
    if os.geteuid() == 0:  # then /usr is one's own
        others = tmp_path
        os.chown(others, 12345, -1)
    with pytest.raises(DataDirectoryError, match="belongs to another user"):
        prepare(others)


def test_a_link_is_no_mark(tmp_path: Path) -> None:
    (tmp_path / "victim").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/datacube-local.lock").symlink_to(tmp_path / "victim")
    assert not is_ours(tmp_path / "data")
    with pytest.raises(DataDirectoryError):
        prepare(tmp_path / "data")


def test_the_facts_do_not_follow_a_link(tmp_path: Path) -> None:
    prepare(tmp_path / "data")
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "data/instance.json").symlink_to(tmp_path / "victim")
    (tmp_path / "data/.instance.json.new").symlink_to(tmp_path / "victim")
    say(tmp_path / "data", Instance(1, READY))
    assert (tmp_path / "victim").read_text() == "kept"


def test_nothing_runs_where_nothing_is(tmp_path: Path) -> None:
    assert running_in(tmp_path / "missing") is None
    assert running_in(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_who_has_the_lock_runs(tmp_path: Path) -> None:
    prepare(tmp_path)
    me = Instance(os.getpid(), READY, "2026-01-01T00:00:00Z", "https://127.0.0.1:1")
    with locked(tmp_path):
        assert running_in(tmp_path) == Instance(0, "starting")
        say(tmp_path, me)
        assert running_in(tmp_path) == me
        with pytest.raises(DataDirectoryError, match="already runs"), locked(tmp_path):
            pass
    assert running_in(tmp_path) is None


@pytest.mark.parametrize("pid", [1, os.getppid(), 2**22 + 1])
def test_what_a_killed_one_said_is_not_believed(tmp_path: Path, pid: int) -> None:
    prepare(tmp_path)
    say(tmp_path, Instance(pid, READY))
    with locked(tmp_path):
        assert running_in(tmp_path) == Instance(0, "starting")


def test_a_look_does_not_keep_a_start_from_its_lock(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert running_in(tmp_path) is None
    with locked(tmp_path):
        pass
    assert instances.running_in(tmp_path) is None
