from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DIRECTIONS = ("download", "upload")


@pytest.fixture
def filled(place: Any, volume: Path) -> Any:
    """One object on either side."""
    place.put({"a": b"1"})
    (volume / "b").write_text("2")
    return place


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("sub_path", ["", "b"])
@pytest.mark.parametrize(
    "wrong", [{"S3_ACCESS_KEY_ID": "AKnobody"}, {"S3_SECRET_ACCESS_KEY": "wrong-secret-8812"}]
)
def test_wrong_keys_are_said_and_not_shown(
    program: Any, filled: Any, direction: str, sub_path: str, wrong: dict[str, str]
) -> None:
    uri = filled.uri + ("/a" if sub_path else "")
    directory = "in" if direction == "download" else sub_path
    ended = program(direction, S3_URI=uri, sub_path=directory, **wrong)
    assert (ended.code, ended.reason) == (77, "AuthenticationFailed"), ended.everything
    assert "s3-access-key-id and s3-secret-access-key" in ended.message
    assert "wrong-secret-8812" not in ended.everything


@pytest.mark.parametrize("sub_path", ["", "b"])
def test_a_key_that_may_only_read_is_said(
    program: Any, filled: Any, keys: Any, sub_path: str
) -> None:
    ended = program.upload(
        S3_URI=filled.uri, S3_NO_CHECK_BUCKET="true", sub_path=sub_path, **keys["reader"]
    )
    assert (ended.code, ended.reason) == (77, "PermissionDenied")
    assert "AccessDenied" in ended.message
    assert filled.uri in ended.message
    assert program.download(S3_URI=filled.uri, sub_path="in", **keys["reader"]).code == 0


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_missing_keys_are_said(program: Any, filled: Any, direction: str) -> None:
    ended = program(direction, S3_URI=filled.uri, S3_ACCESS_KEY_ID="", S3_SECRET_ACCESS_KEY="")
    assert (ended.code, ended.reason) == (77, "AuthenticationFailed")
    assert "demands credentials" in ended.message
    assert "add the options s3-access-key-id" in ended.message


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("{uri}/nope", "neither an object of this name nor one below it"),
        ("{uri}/nope/", "no object below it"),
        ("{uri}/a/", "no object below it"),
        ("s3://no-such-bucket", "there is no bucket 'no-such-bucket' at http://127.0.0.1:"),
        ("s3://no-such-bucket/a", "there is no bucket 'no-such-bucket' at http://127.0.0.1:"),
    ],
)
def test_a_source_that_is_not_there_is_said(
    program: Any, filled: Any, volume: Path, uri: str, said: str
) -> None:
    uri = uri.format(uri=filled.uri)
    ended = program.download(S3_URI=uri, sub_path="in")
    assert (ended.code, ended.reason) == (66, "SourceNotFound"), ended.everything
    assert uri in ended.message
    assert said in ended.message
    assert not (volume / "in").exists()


def test_an_upload_without_check_into_a_bucket_that_is_not_there_is_said(
    program: Any, filled: Any, keys: Any
) -> None:
    ended = program.upload(
        S3_URI="s3://no-such-bucket/a", S3_NO_CHECK_BUCKET="true", **keys["writer"]
    )
    # AWS answers NoSuchBucket; SeaweedFS, to whoever may not make buckets, AccessDenied.
    assert (ended.code, ended.reason) == (77, "PermissionDenied"), ended.everything
    assert "s3://no-such-bucket/a (PutObject: AccessDenied)" in ended.message
    assert filled.sizes() == {"a": 1}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_server_that_is_down_is_said_in_seconds(
    program: Any, volume: Path, direction: str
) -> None:
    (volume / "b").write_text("2")
    started = time.monotonic()
    ended = program(direction, S3_URI="s3://data/a", S3_ENDPOINT="http://127.0.0.1:1")
    assert (ended.code, ended.reason) == (75, "NetworkError")
    assert "http://127.0.0.1:1 did not answer (s3-endpoint)" in ended.message
    assert time.monotonic() - started < 25


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("S3_URI", "data/a"),
        ("S3_URI", ""),
        ("S3_ENDPOINT", "ftp://x"),
        ("S3_NO_CHECK_BUCKET", "yes"),
        ("S3_SECRET_ACCESS_KEY", ""),
        ("S3_ACCESS_KEY_ID", ""),
    ],
)
def test_a_wrong_option_is_named(program: Any, option: str, value: str) -> None:
    ended = program.upload(**{"S3_URI": "s3://data/a", option: value})
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert ended.message.startswith(option.lower().replace("_", "-") + ": ")


def test_a_full_volume_is_said(program: Any, place: Any, tiny: Path) -> None:
    place.put({"a": b"1", "big": bytes(3 * 1024**2)})
    program.volume = tiny
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.reason) == (73, "NoSpaceLeft"), ended.everything
    assert [path.name for path in tiny.iterdir()] == ["a"]


def test_a_volume_that_becomes_full_is_said(program: Any, place: Any, volume: Path) -> None:
    """Others may fill it in between; a wrapper lets the engine say what it would say then."""
    place.put({"a": b"1"})
    line = json.dumps({"level": "error", "msg": "Failed: write /x/a: no space left on device"})
    program.wrap("rclone", f"case $1 in copy) echo '{line}' >&2; exit 1;; esac\nreal \"$@\"")
    ended = program.download(S3_URI=place.uri)
    assert (ended.code, ended.reason) == (73, "NoSpaceLeft")
    assert list(volume.iterdir()) == []


def test_no_process_may_dump_its_memory(program: Any, place: Any, tmp_path: Path) -> None:
    limits = tmp_path / "limits"
    program.wrap("rclone", f'ulimit -Hc >> "{limits}"\nreal "$@"')
    program.download(S3_URI=place.uri)
    assert set(limits.read_text().split()) == {"0"}
