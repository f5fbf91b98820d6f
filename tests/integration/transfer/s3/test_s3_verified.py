from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

IN_PARTS = ("--s3-upload-cutoff=5M", "--s3-chunk-size=5M")
OF_NOTHING = "md5chksum=1B2M2Y8AsgTpgAmY7PhCfg=="


@pytest.fixture
def spoiled(place: Any) -> Any:
    """An object whose bytes are not those that its checksum was made of."""
    lie = ("--s3-disable-checksum", "--ignore-checksum", "--metadata", "--metadata-set", OF_NOTHING)
    place.put({"a": b"1"})
    place.put({"spoiled": os.urandom(6 * 1024**2)}, *IN_PARTS, *lie)
    return place


def _sync(program: Any, uri: str) -> Any:
    argv = ["s3", "download", "--volume", str(program.volume), "--sync"]
    argv += ["--termination-log", str(program.termination_log)]
    return program.end(program.start_raw(*argv, S3_URI=uri))


def test_bytes_that_do_not_fit_their_checksum_never_get_the_final_name(
    program: Any, spoiled: Any, tree: Any
) -> None:
    ended = program.download(S3_URI=spoiled.uri)
    assert (ended.code, ended.reason) == (74, "VerificationFailed"), ended.everything
    assert "spoiled: corrupted on transfer" in ended.message
    assert tree(program.volume) == {"a": b"1"}


def test_a_sync_that_fails_deletes_nothing(
    program: Any, spoiled: Any, volume: Path, tree: Any
) -> None:
    (volume / "mine").write_bytes(b"mine")
    (volume / "link").symlink_to("mine")
    assert _sync(program, spoiled.uri).reason == "VerificationFailed"
    assert tree(volume) == {"a": b"1", "mine": b"mine"}
    assert (volume / "link").is_symlink()
