from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 5 * 1024**3 + 12345
EDGE = b"not a hole"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


@pytest.mark.timeout(1800)
def test_an_object_of_more_than_5_gib_goes_there_and_back(
    program: Any, place: Any, volume: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--large"):
        pytest.skip("takes minutes and 11 GiB of disk: --large")
    with (volume / "big").open("wb") as file:
        file.truncate(SIZE)
        for offset in (0, SIZE // 2, SIZE - len(EDGE)):
            file.seek(offset)
            file.write(EDGE)
    uploading = program.start("upload", S3_URI=place.uri, sub_path="big")
    uploading.wait(900)
    ended = program.end(uploading)
    assert ended.code == 0, ended.everything
    assert place.sizes() == {"big": SIZE}
    downloading = program.start("download", S3_URI=place.uri, sub_path="back")
    downloading.wait(900)
    ended = program.end(downloading)
    assert ended.code == 0, ended.everything
    assert _md5(volume / "back" / "big") == _md5(volume / "big")
