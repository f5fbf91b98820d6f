from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.progress import read_progress

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "a.txt": b"one",
    "empty": b"",
    "deep/er/b.bin": bytes(range(256)),
    "sp ace/ü + %25 &?#.txt": b"odd",
    ".hidden/.dot": b"dot",
}


@pytest.mark.parametrize("end", ["", "/"])
def test_what_is_below_a_prefix_arrives(
    program: Any, place: Any, make_place: Any, tree: Any, end: str
) -> None:
    place.put(FILES)
    make_place("data", f"{place.prefix}-namesake").put({"x": b"x"})
    ended = program.download(S3_URI=place.uri + end, sub_path="in/there")
    assert ended.code == 0, ended.everything
    assert tree(program.volume / "in" / "there") == FILES
    assert (ended.result["files"], ended.result["bytes"]) == (5, 265)
    assert ended.result["uri"] == place.uri + end
    assert ended.result["directory"] == "in/there"
    assert ended.result["transferred_files"] == 5


@pytest.mark.parametrize("name", FILES)
def test_one_object_lands_under_its_name(
    program: Any, place: Any, volume: Path, tree: Any, name: str
) -> None:
    place.put(FILES)
    ended = program.download(S3_URI=f"{place.uri}/{name}", sub_path="in")
    assert ended.code == 0, ended.everything
    assert tree(volume / "in") == {name.rpartition("/")[2]: FILES[name]}
    assert ended.result["files"] == 1


def test_a_whole_bucket_arrives(program: Any, make_place: Any, volume: Path, tree: Any) -> None:
    bucket = make_place("whole")
    bucket.rclone("mkdir", "s:whole")
    bucket.put(FILES)
    for uri in ("s3://whole", "s3://whole/"):
        assert program.download(S3_URI=uri).code == 0
        assert tree(volume) == FILES
    bucket.rclone("delete", "s:whole")
    ended = program.download(S3_URI="s3://whole")
    assert (ended.code, ended.message) == (0, "s3://whole is there and is empty")
    assert tree(volume) == FILES
    assert program.download(S3_URI="s3://whole", sub_path="").reason == "TransferSucceeded"
    bucket.rclone("purge", "s:whole")


def test_an_object_and_a_prefix_of_one_name_are_told_apart_by_the_slash(
    program: Any, place: Any, volume: Path, tree: Any
) -> None:
    place.put({"a": b"object"})
    place.put({"a/b": b"below"})
    assert program.download(S3_URI=f"{place.uri}/a", sub_path="1").code == 0
    assert tree(volume / "1") == {"a": b"object"}
    assert program.download(S3_URI=f"{place.uri}/a/", sub_path="2").code == 0
    assert tree(volume / "2") == {"b": b"below"}
    ended = program.download(S3_URI=place.uri, sub_path="3")
    assert (ended.code, ended.reason) == (69, "Unsupported")
    assert "'a' would have to be a file and a directory" in ended.message
    assert tree(volume / "3") == {}


def test_more_than_a_thousand_keys_arrive(program: Any, place: Any, volume: Path) -> None:
    place.put({f"{n:04}": b"%d" % n for n in range(1100)})
    ended = program.download(S3_URI=place.uri)
    assert ended.result["files"] == 1100, ended.everything
    assert sorted(path.name for path in volume.iterdir()) == [f"{n:04}" for n in range(1100)]
    said = [progress for line in ended.log.splitlines() if (progress := read_progress(line))]
    assert said[-1].count is not None
    assert said[-1].count.done == 1100


def test_whether_there_is_an_object_is_asked_without_a_listing_of_the_prefix(
    program: Any, place: Any
) -> None:
    place.put(FILES)
    answers = program.scratch / "answers"
    program.wrap("rclone", f'real "$@" --dump=headers --log-level=DEBUG 2>> {answers}')
    ended = program.download(S3_URI=place.uri)
    assert ended.code == 0, ended.everything
    assert answers.read_text().count(f"GET /{place.bucket}?") == 2  # to look, and to copy


def test_an_object_in_several_parts_arrives_in_several_streams(
    program: Any, place: Any, volume: Path, tree: Any
) -> None:
    content = os.urandom(20 * 1024**2) * 2
    place.put({"big": content}, "--s3-upload-cutoff=8M", "--s3-chunk-size=8M")
    ended = program.download("--multi-thread-cutoff=8M", S3_URI=f"{place.uri}/big")
    assert ended.code == 0, ended.everything
    assert tree(volume) == {"big": content}


def test_a_second_run_moves_what_changed_and_keeps_what_is_extra(
    program: Any, place: Any, volume: Path, tree: Any
) -> None:
    place.put({"a": b"1", "b": b"1"})
    program.download(S3_URI=place.uri)
    (volume / "mine").write_bytes(b"mine")
    place.put({"b": b"22"})
    ended = program.download(S3_URI=place.uri)
    assert ended.result["transferred_files"] == 1, ended.everything
    assert tree(volume) == {"a": b"1", "b": b"22", "mine": b"mine"}


def test_sync_deletes_what_is_extra_and_only_in_its_directory(
    program: Any, place: Any, volume: Path, tree: Any
) -> None:
    place.put({"a": b"1", "deep/b": b"1"})
    for name in ("in/extra", "in/deep/extra", "in/more/extra", "beside"):
        (volume / name).parent.mkdir(parents=True, exist_ok=True)
        (volume / name).write_bytes(b"x")
    (volume / "in" / "link").symlink_to(volume / "beside")
    process = program.start_raw(
        "s3", "download", "--volume", str(volume), "--sub-path", "in", "--sync",
        "--termination-log", str(program.termination_log), S3_URI=place.uri,
    )  # fmt: skip
    ended = program.end(process)
    assert ended.code == 0, ended.everything
    assert tree(volume) == {"in/a": b"1", "in/deep/b": b"1", "beside": b"x"}
    assert sorted(path.name for path in (volume / "in").iterdir()) == ["a", "deep"]
    assert ended.result["deleted_files"] == 4


@pytest.mark.parametrize("what", ["missing", "marked"])
def test_sync_of_nothing_deletes_nothing(
    program: Any, place: Any, volume: Path, tree: Any, what: str
) -> None:
    place.mark("marked")
    (volume / "mine").write_bytes(b"mine")
    process = program.start_raw(
        "s3", "download", "--volume", str(volume), "--sync",
        "--termination-log", str(program.termination_log), S3_URI=f"{place.uri}/{what}",
    )  # fmt: skip
    ended = program.end(process)
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert tree(volume) == {"mine": b"mine"}


def test_an_empty_prefix_that_is_marked_is_no_error(program: Any, place: Any, volume: Path) -> None:
    place.mark("marked")
    for uri in (f"{place.uri}/marked", f"{place.uri}/marked/"):
        ended = program.download(S3_URI=uri)
        assert (ended.code, ended.message) == (0, f"{uri} is there and is empty")
    assert list(volume.iterdir()) == []


def test_a_public_bucket_needs_no_keys(
    program: Any, make_place: Any, volume: Path, tree: Any
) -> None:
    make_place("public").put({"a": b"1"})
    for uri, directory in (("s3://public", "1"), ("s3://public/a", "2")):
        nobody = {"S3_ACCESS_KEY_ID": "", "S3_SECRET_ACCESS_KEY": ""}
        ended = program.download(S3_URI=uri, sub_path=directory, **nobody)
        assert ended.code == 0, ended.everything
        assert tree(volume / directory) == {"a": b"1"}


def test_the_authors_filters_count(program: Any, place: Any, volume: Path, tree: Any) -> None:
    place.put({"a.bin": b"1", "b.txt": b"22"})
    ended = program.download("--include", "*.bin", S3_URI=place.uri)
    assert tree(volume) == {"a.bin": b"1"}, ended.everything
    assert (ended.result["files"], ended.result["bytes"]) == (1, 1)
    assert "ERROR" not in ended.log
    assert "indeterminate" not in ended.log


def test_a_file_in_the_place_of_the_directory_is_said(
    program: Any, place: Any, volume: Path
) -> None:
    place.put({"a": b"1"})
    (volume / "in").write_text("a file")
    ended = program.download(S3_URI=place.uri, sub_path="in")
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert (volume / "in").read_text() == "a file"
