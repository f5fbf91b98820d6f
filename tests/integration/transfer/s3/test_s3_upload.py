from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ODD = "sp ace/ü + %25 &?#.txt"


@pytest.mark.parametrize("end", ["", "/", "/deep/er"])
def test_one_file_goes_below_the_uri(program: Any, place: Any, volume: Path, end: str) -> None:
    (volume / "out").mkdir()
    (volume / "out" / "model.bin").write_bytes(b"weights")
    ended = program.upload(S3_URI=place.uri + end, sub_path="out/model.bin")
    assert ended.code == 0, ended.everything
    assert place.sizes() == {f"{end.strip('/')}/model.bin".lstrip("/"): 7}
    assert (ended.result["files"], ended.result["bytes"]) == (1, 7)


@pytest.mark.parametrize("end", ["", "/"])
def test_what_is_in_a_directory_goes_below_the_uri(
    program: Any, place: Any, volume: Path, end: str
) -> None:
    files = {"a.txt": b"one", "empty": b"", ODD: b"odd", ".hidden/.dot": b"dot"}
    for name, content in files.items():
        (volume / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (volume / "out" / name).write_bytes(content)
    ended = program.upload(S3_URI=place.uri + end, sub_path="out")
    assert ended.code == 0, ended.everything
    assert place.sizes() == {name: len(content) for name, content in files.items()}
    assert place.read(ODD) == "odd"
    assert ended.result["transferred_files"] == 4
    again = program.upload(S3_URI=place.uri + end, sub_path="out")
    assert (again.code, again.result["transferred_files"]) == (0, 0)


def test_a_large_file_goes_in_parts_and_its_checksum_with_it(
    program: Any, place: Any, volume: Path, tree: Any
) -> None:
    content = os.urandom(10 * 1024**2) * 4
    (volume / "big").write_bytes(content)
    parts = ("--s3-upload-cutoff=8M", "--s3-chunk-size=5M", "--multi-thread-cutoff=8M")
    ended = program.upload(*parts, S3_URI=place.uri, sub_path="big")
    assert ended.code == 0, ended.everything
    assert place.sizes() == {"big": 40 * 1024**2}
    assert '"md5"' in place.rclone("lsjson", "--hash", place.remote)
    assert program.download(S3_URI=place.uri, sub_path="back").code == 0
    assert tree(volume / "back") == {"big": content}


def test_only_files_travel_and_the_rest_is_named(
    program: Any, place: Any, volume: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    out = volume / "out"
    out.mkdir()
    (out / "a.txt").write_text("one")
    (out / "file-link").symlink_to(tmp_path / "outside" / "secret.txt")
    (out / "dir-link").symlink_to(tmp_path / "outside")
    (out / "inner-link").symlink_to("a.txt")
    os.mkfifo(out / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
        listening.bind(f"/proc/self/fd/{here}/sock")
        os.close(here)
        ended = program.upload(S3_URI=place.uri, sub_path="out")
    assert ended.code == 0, ended.everything
    assert place.sizes() == {"a.txt": 3}
    assert ended.result["skipped_files"] == 5
    assert "5 links or devices skipped" in ended.message
    for said in ("file-link is not uploaded: it is a symbolic link", "pipe is", "sock is"):
        assert said in ended.log


def test_unfinished_files_of_downloads_are_not_uploaded(
    program: Any, place: Any, volume: Path
) -> None:
    for name in ("a", ".datacube-0a1b2c", "b.0123abcd.datacube-0a1b2c"):
        (volume / name).write_text(name)
    assert program.upload(S3_URI=place.uri).code == 0
    assert place.sizes() == {"a": 1}


@pytest.mark.parametrize("what", ["empty", "links"])
def test_nothing_to_upload_is_said(program: Any, place: Any, volume: Path, what: str) -> None:
    (volume / "empty").mkdir()
    (volume / "links").mkdir()
    (volume / "links" / "a").symlink_to("/etc/passwd")
    ended = program.upload(S3_URI=place.uri, sub_path=what)
    assert (ended.code, ended.reason) == (65, "NothingToUpload")
    assert what in ended.message


def test_a_source_that_is_not_there_is_said(program: Any, place: Any) -> None:
    ended = program.upload(S3_URI=place.uri, sub_path="nope")
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert "nope does not exist in the volume" in ended.message


def test_a_bucket_that_is_not_there_is_made(program: Any, make_place: Any, volume: Path) -> None:
    (volume / "a").write_text("1")
    ended = program.upload(S3_URI="s3://made-now/p", S3_NO_CHECK_BUCKET="false")
    assert ended.code == 0, ended.everything
    assert make_place("made-now").sizes() == {"p/a": 1}
    make_place("made-now").rclone("purge", "s:made-now")


def test_a_key_that_may_not_make_buckets_is_told_of_the_option(
    program: Any, place: Any, volume: Path, keys: Any
) -> None:
    (volume / "a").write_text("1")
    ended = program.upload(S3_URI="s3://not-made", **keys["writer"])
    assert (ended.code, ended.reason) == (77, "PermissionDenied")
    assert 's3-no-check-bucket to "true"' in ended.message
    ended = program.upload(S3_URI=place.uri, S3_NO_CHECK_BUCKET="true", **keys["writer"])
    assert ended.code == 0, ended.everything
    assert place.sizes() == {"a": 1}
