from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.transfer.huggingface.names import refuse_obstacles, refuse_unfit
from datacube_runtime.transfer.huggingface.verify import File, is_equal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _unfit(paths: list[str], *, folds_case: bool = False) -> None:
    refuse_unfit(paths, folds_case=folds_case)


@pytest.mark.parametrize(
    "path", ["../x", "a/../b", "/abs", "a//b", "a/", "./a", "", "x\0y", "n" * 256, "ü" * 128]
)
def test_a_path_that_no_file_can_have_is_refused(
    path: str, refusal: Callable[..., tuple[str, str]]
) -> None:
    assert refusal(_unfit, ["good", path])[0] == "Unsupported"


def test_ordinary_paths_pass() -> None:
    _unfit(["a", "b/c", "b/d/e", "..a", "a..", " ", "ü" * 127, "A"])


def test_a_file_cannot_be_a_directory_too(refusal: Callable[..., tuple[str, str]]) -> None:
    _, message = refusal(_unfit, ["a/b/c", "a/b", "x"])
    assert "'a/b' would have to be a file and a directory" in message


def test_case_counts_only_where_the_volume_folds_it(
    refusal: Callable[..., tuple[str, str]],
) -> None:
    paths = ["Data/a", "data/A", "b"]
    _unfit(paths)
    _, message = refusal(lambda: _unfit(paths, folds_case=True))
    assert "cannot hold 2 of" in message


def test_many_are_said_shortly(refusal: Callable[..., tuple[str, str]]) -> None:
    _, message = refusal(_unfit, [f"../{number}" for number in range(99)])
    assert "and 94 more" in message
    assert len(message) < 500


def test_what_is_in_the_way_is_named(
    tmp_path: Path, refusal: Callable[..., tuple[str, str]]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "dir").mkdir()
    refuse_obstacles(tmp_path, ["file", "link", "dir/x", "new/x"])
    for path, said in (
        ("link/x", "'link' is a symbolic link"),
        ("file/x", "'file' is no directory"),
        ("dir", "'dir' is a directory"),
    ):
        reason, message = refusal(refuse_obstacles, tmp_path, [path])
        assert (reason, said in message) == ("InvalidOption", True)


def _named(content: bytes, *, large: bool) -> File:
    blob = b"blob %d\0" % len(content) + content
    oid = hashlib.sha256(content).hexdigest() if large else hashlib.sha1(blob).hexdigest()  # noqa: S324 - Git's own
    return File("x", len(content), oid)


@pytest.mark.parametrize("large", [True, False])
def test_a_file_is_equal_when_every_byte_is(tmp_path: Path, *, large: bool) -> None:
    path, content = tmp_path / "x", bytes(range(256)) * 9000
    file = _named(content, large=large)
    assert not is_equal(path, file)
    path.write_bytes(content)
    assert is_equal(path, file)
    path.write_bytes(content[:-1] + b"\0")
    assert not is_equal(path, file)
    path.write_bytes(content + b"\0")
    assert not is_equal(path, file)


def test_gits_name_of_a_blob_is_gits(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    assert is_equal(tmp_path / "x", File("x", 6, "ce013625030ba8dba906f756967f9e9ca394464a"))


def test_a_link_to_an_equal_file_is_not_equal(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    (tmp_path / "link").symlink_to("x")
    assert not is_equal(tmp_path / "link", _named(b"hello\n", large=True))
