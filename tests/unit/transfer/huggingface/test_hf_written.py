from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.transfer.huggingface.written import Written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, 4096, 256 * 1024, 3_000_000])
def test_the_hash_is_that_of_what_is_in_the_file(tmp_path: Path, size: int) -> None:
    blocks = [os.urandom(size) for _ in range(3)]
    written = Written(tmp_path / "f", hashlib.sha256)
    for block in blocks:
        assert written.write(block) == size
    assert written.oid == hashlib.sha256(b"".join(blocks)).hexdigest()
    written.close()
    assert (tmp_path / "f").read_bytes() == b"".join(blocks)


def test_what_was_written_before_it_began_again_does_not_count(tmp_path: Path) -> None:
    written = Written(tmp_path / "f", hashlib.sha256)
    written.write(os.urandom(1_000_000))
    written.seek(0)
    written.truncate()
    written.write(b"anew")
    assert written.oid == hashlib.sha256(b"anew").hexdigest()
    written.close()
    assert (tmp_path / "f").read_bytes() == b"anew"


def test_a_file_that_there_is_no_room_for_is_an_error() -> None:
    with Written("/dev/full", hashlib.sha256) as written, pytest.raises(OSError, match="No space"):  # type: ignore[arg-type]  # any name of a file will do
        written.write(bytes(1_000_000))
