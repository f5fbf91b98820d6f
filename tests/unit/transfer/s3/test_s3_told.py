from __future__ import annotations

from typing import Any

import pytest

from datacube_api.direction import Direction
from datacube_runtime.transfer.s3.backend import _told

MOVED = "1 of them transferred now"
COMMON = {"uri": "s3://b/p", "directory": "in", "files": 3, "bytes": 2048, "transferred_files": 1}


@pytest.mark.parametrize(
    ("direction", "more", "sentence"),
    [
        (
            Direction.DOWNLOAD,
            {"deleted_files": 0},
            "in has s3://b/p: 3 files, 2.0 KiB; 1 of them transferred now",
        ),
        (
            Direction.DOWNLOAD,
            {"deleted_files": 2},
            "in has s3://b/p: 3 files, 2.0 KiB; 1 of them transferred now, 2 deleted",
        ),
        (Direction.DOWNLOAD, {"files": 0, "deleted_files": 0}, "s3://b/p is there and is empty"),
        (
            Direction.UPLOAD,
            {"skipped_files": 0},
            "s3://b/p has in: 3 files, 2.0 KiB; 1 of them transferred now",
        ),
        (
            Direction.UPLOAD,
            {"skipped_files": 4},
            f"s3://b/p has in: 3 files, 2.0 KiB; {MOVED}, 4 links or devices skipped",
        ),
    ],
)
def test_people_are_told_what_was_achieved(
    direction: Direction, more: dict[str, Any], sentence: str
) -> None:
    assert _told(direction, {**COMMON, **more}) == sentence
