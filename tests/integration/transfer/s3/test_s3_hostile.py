from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024**2


def _unfinished(directory: Path) -> list[str]:
    return [path.name for path in directory.rglob("*.datacube-*")]


@pytest.fixture
def slow(program: Any, place: Any, volume: Path, wait_until: Any) -> Any:
    """A download that has begun to write and will take a minute."""
    place.put({"big": os.urandom(2 * MIB), "deep/big": os.urandom(2 * MIB)})

    def start() -> Any:
        # Whoever sees the limit sees it from the first byte on: no burst.
        process = program.start("download", "--bwlimit=64Ki", S3_URI=place.uri, sub_path="in")
        wait_until(lambda: len(_unfinished(volume / "in")) == 3)
        return process

    return start


def _kill(process: Any) -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children:
        child.kill()
    process.communicate(timeout=10)
    psutil.wait_procs(children, timeout=10)


def test_what_a_killed_attempt_left_is_cleared_by_the_next(
    program: Any, place: Any, volume: Path, slow: Any, tree: Any
) -> None:
    _kill(slow())
    left = tree(volume / "in")
    assert len(left) == 3, left
    assert all(".datacube-" in name for name in left), "nothing unfinished has a final name"
    (volume / "in" / "mine.partial").write_text("mine")
    (volume / "in" / "x.0123abcd.datacube-ffffff").write_text("of somebody who is not marked")
    ended = program.download(S3_URI=place.uri, sub_path="in")
    assert ended.code == 0, ended.everything
    expected = {"big", "deep/big", "mine.partial", "x.0123abcd.datacube-ffffff"}
    assert set(tree(volume / "in")) == expected


def test_what_a_live_transfer_is_at_is_left_to_it(
    program: Any, place: Any, volume: Path, slow: Any, tree: Any
) -> None:
    first = slow()
    before = set(_unfinished(volume / "in"))
    place.put({"other/a": b"1"})
    for sub_path in ("in", "", "in/deep"):
        assert program.download(S3_URI=f"{place.uri}/other", sub_path=sub_path).code == 0
        assert set(_unfinished(volume / "in")) == before
    first.send_signal(signal.SIGTERM)
    assert program.end(first).code == 143
    assert _unfinished(volume) == []
    assert set(tree(volume)) == {"a", "in/a", "in/deep/a"}


@pytest.mark.parametrize("streams", ["1", "8"])
def test_sigterm_ends_an_upload_and_leaves_no_parts(
    program: Any, place: Any, volume: Path, wait_until: Any, streams: str
) -> None:
    (volume / "big").write_bytes(os.urandom(16 * MIB))
    parts = ["--s3-upload-cutoff=5M", "--s3-chunk-size=5M", "--bwlimit=1M"]
    parts += ["--multi-thread-cutoff=5M", f"--multi-thread-streams={streams}"]
    process = program.start("upload", *parts, S3_URI=place.uri, sub_path="big")

    def uploads() -> str:
        listed: str = place.rclone("backend", "list-multipart-uploads", f"s:{place.bucket}")
        return listed

    wait_until(lambda: place.prefix in uploads())
    process.send_signal(signal.SIGTERM)
    ended = program.end(process)
    assert (ended.code, ended.reason) == (143, "Cancelled")
    assert place.prefix not in uploads()
    assert place.sizes() == {}


def test_a_link_to_a_directory_outside_is_not_followed(
    program: Any, place: Any, volume: Path, tmp_path: Path, tree: Any
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (volume / "in").mkdir()
    (volume / "in" / "deep").symlink_to(outside)
    place.put({"a": b"1", "deep/b": b"2"})
    for extra in ((), ("--sync",)):
        argv = ["s3", "download", "--volume", str(volume), "--sub-path", "in", *extra]
        argv += ["--termination-log", str(program.termination_log)]
        ended = program.end(program.start_raw(*argv, S3_URI=place.uri))
        assert (ended.code, ended.reason) == (64, "InvalidOption")
        assert "'deep' in it is a symbolic link" in ended.message
        assert tree(outside) == {}


def test_a_link_in_the_place_of_a_file_is_replaced(
    program: Any, place: Any, volume: Path, tmp_path: Path, tree: Any
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"before")
    (volume / "a").symlink_to(outside)
    place.put({"a": b"1"})
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert outside.read_bytes() == b"before"
    assert tree(volume) == {"a": b"1"}


def test_names_that_no_file_can_have_are_said_before_anything_moves(
    program: Any, place: Any, volume: Path
) -> None:
    place.put({"a": b"1", "evil.rclonelink": b"/etc/passwd"})
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.reason) == (69, "Unsupported")
    assert "'evil.rclonelink' ends in .rclonelink" in ended.message
    assert list(volume.iterdir()) == []
    ended = program.download("--exclude=*.rclonelink", S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert [path.name for path in volume.iterdir()] == ["a"]


def test_a_long_name_arrives(program: Any, place: Any, volume: Path, tree: Any) -> None:
    place.put({"n" * 255: b"1"})
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert tree(volume) == {"n" * 255: b"1"}


@pytest.mark.parametrize("sub_path", ["link", "link/deeper"])
def test_a_sub_path_that_leads_out_is_refused(
    program: Any, place: Any, volume: Path, tmp_path: Path, sub_path: str
) -> None:
    (volume / "link").symlink_to(tmp_path)
    for ended in (
        program.download(S3_URI=place.uri, sub_path=sub_path),
        program.upload(S3_URI=place.uri, sub_path=sub_path),
    ):
        assert (ended.code, ended.reason) == (64, "InvalidOption")
        assert "leads out of the volume" in ended.message
