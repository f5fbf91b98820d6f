from __future__ import annotations

from typing import Any

import pytest

from datacube_api.direction import Direction
from datacube_runtime.transfer.git.backend import _told

COMMIT = "00b1823ec125009e2dde0224f2be9eab17177e66"


@pytest.mark.parametrize(
    ("direction", "result", "sentence"),
    [
        (
            Direction.DOWNLOAD,
            {"commit": COMMIT, "ref": "v1.0", "files": 2, "bytes": 107},
            "a/code is at v1.0 (00b1823ec1): 2 files, 107 bytes",
        ),
        (Direction.DOWNLOAD, {"commit": None}, "a/code is a clone of an empty repository"),
        (
            Direction.UPLOAD,
            {"commit": COMMIT, "ref": "words", "pushed": True},
            "pushed words (00b1823ec1)",
        ),
        (
            Direction.UPLOAD,
            {"commit": COMMIT, "ref": "words", "pushed": False},
            "words (00b1823ec1) was there already",
        ),
    ],
)
def test_people_are_told_what_was_achieved(
    direction: Direction, result: dict[str, Any], sentence: str
) -> None:
    assert _told(direction, {**result, "directory": "a/code"}) == sentence
