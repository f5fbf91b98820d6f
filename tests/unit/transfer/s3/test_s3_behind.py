from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from datacube_runtime.transfer.s3.behind import SumBehind, sum_of

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024**2
DATA = os.urandom(8 * MIB + 5)
NEW = hashlib.sha256
RIGHT = NEW(DATA).digest()


def _go_on() -> None:
    """Nobody cancels."""


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1)])
def test_parts_may_come_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    file = tmp_path / "file"
    with SumBehind(file, NEW) as reader, file.open("wb", buffering=0) as writer:
        for part in order:
            start = part * 2 * MIB
            writer.seek(start)
            writer.write(DATA[start : start + 2 * MIB])
        assert reader.finish(_go_on) == RIGHT


def test_a_file_that_is_there_already_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    assert sum_of(tmp_path / "file", NEW, _go_on) == RIGHT


def test_one_other_byte_is_another_sum(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    with SumBehind(tmp_path / "file", NEW) as reader:
        assert reader.finish(_go_on) != RIGHT


def test_a_file_that_never_comes_has_the_sum_of_nothing(tmp_path: Path) -> None:
    with SumBehind(tmp_path / "file", NEW) as reader:
        assert reader.finish(_go_on) == NEW(b"").digest()


def test_whoever_leaves_early_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(ValueError, match="cancelled"), SumBehind(tmp_path / "file", NEW):
        raise ValueError("cancelled")
