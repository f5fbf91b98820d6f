from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.transfer.s3 import leftovers

if TYPE_CHECKING:
    from pathlib import Path


def _names(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def _write(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(name)


def test_a_claim_is_a_marker_that_goes(tmp_path: Path) -> None:
    with leftovers.claimed(tmp_path) as suffix:
        assert _names(tmp_path) == {suffix}
        assert len(suffix) <= 16, "rclone takes no longer suffix"
        assert not leftovers.folds_case(tmp_path, suffix)
    assert _names(tmp_path) == set()


def _fail(directory: Path) -> None:
    with leftovers.claimed(directory) as suffix:
        _write(directory, f"a.0123abcd{suffix}", f"deep/b.0123abcd{suffix}", "a", "a.datacube")
        raise ValueError(suffix)


def test_what_failed_leaves_nothing_unfinished(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="datacube"):
        _fail(tmp_path)
    assert _names(tmp_path) == {"a", "a.datacube"}


def test_only_what_is_marked_and_dead_is_cleared(tmp_path: Path) -> None:
    dead, live = ".datacube-000001", ".datacube-000002"
    stray = f"c.0123abcd{'.datacube-000003'}"
    _write(tmp_path, dead, live, f"a.0123abcd{dead}", f"deep/a.0123abcd{dead}", "a.partial")
    _write(tmp_path, f"b.0123abcd{live}", stray)
    with (tmp_path / live).open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with leftovers.claimed(tmp_path):
            pass
    assert _names(tmp_path) == {live, f"b.0123abcd{live}", stray, "a.partial"}


def test_a_marker_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    _write(tmp_path, "outside")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ".datacube-000001").symlink_to(tmp_path / "outside")
    with leftovers.claimed(tmp_path / "in"):
        pass
    assert (tmp_path / "outside").exists()
    assert (tmp_path / "in" / ".datacube-000001").is_symlink()


def test_an_unfinished_file_has_a_name_that_is_cleared(tmp_path: Path) -> None:
    dead = ".datacube-000001"
    names = [leftovers.unfinished(name, dead) for name in ("a", "n" * 255, "ä" * 127)]
    _write(tmp_path, dead, *names)
    assert len(_names(tmp_path)) == 4
    with leftovers.claimed(tmp_path):
        pass
    assert _names(tmp_path) == set()
