from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from datacube_api.progress import Phase
from datacube_runtime.transfer.huggingface.addition import Addition
from datacube_runtime.transfer.huggingface.report import Tally

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _addition(path: Path, size: int) -> Addition:
    unhashed, unsent = Tally(Phase.LIST, size, 1), Tally(Phase.TRANSFER, size, 1)
    return Addition.of({"path": "w.bin", "local": str(path)}, unhashed, unsent.share(size))


def test_a_large_file_says_how_far_it_is_hashed_and_is_hashed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"w" * 3_000_000
    path = tmp_path / "w.bin"
    path.write_bytes(content)
    first, second = _addition(path, len(content)), _addition(path, len(content))
    assert not first.upload_info.is_hashed
    assert capsys.readouterr().err == "", "nothing is read before the library asks"
    assert first.upload_info.sha256 == hashlib.sha256(content).digest()
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert said[-1] == {"phase": "list", "done": 3_000_000, "total": 3_000_000, "files": [1, 1]}
    second.take_hash(first)
    assert second.upload_info.sha256 == first.upload_info.sha256
    assert first.upload_info.sha256
    assert capsys.readouterr().err == "", "neither of them reads the file again"


def test_what_is_not_hashed_yet_is_not_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"w")
    first, second = _addition(path, 1), _addition(path, 1)
    second.take_hash(first)
    assert not first.upload_info.is_hashed
    assert not second.upload_info.is_hashed
