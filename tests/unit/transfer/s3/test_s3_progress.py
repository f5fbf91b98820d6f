from __future__ import annotations

import json

import pytest

from datacube_api.progress import Count, Phase, Progress
from datacube_runtime.transfer.s3.progress import Log, Stats


def test_stats_are_progress_and_the_last_ones_are_kept() -> None:
    log = Log()
    stats = {"bytes": 5, "totalBytes": 9, "transfers": 1, "totalTransfers": 2, "deletes": 3}
    said = log(json.dumps({"level": "notice", "msg": "Transferred: …", "stats": stats}))
    assert said == Progress(Phase.TRANSFER, 5, 9, Count(1, 2))
    assert log.stats == Stats(done_bytes=5, files=1, deleted=3)


def test_before_there_is_a_total_nothing_is_shown() -> None:
    stats = {"bytes": 0, "totalBytes": 0, "transfers": 0, "totalTransfers": 0}
    assert Log()(json.dumps({"level": "notice", "stats": stats})) is None


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level":"error","msg":"Failed to copy: x","object":"p/a"}', "p/a: Failed to copy: x"),
        ('{"level":"error","msg":"x","object":""}', "x"),
        ('{"level":"error","msg":"x","object":"p/a.0123abcd.datacube-0a1b2c"}', "p/a: x"),
        ('{"level":"notice","msg":"Failed to lsjson: x\\n"}', "Failed to lsjson: x"),
        ('{"level":"info","msg":"Copied (new)","object":"a"}', None),
        ('{"level":"debug","msg":"x"}', None),
        ("panic: runtime error", "panic: runtime error"),
        ("42", "42"),
        ("", ""),
    ],
)
def test_what_is_wrong_is_for_people(line: str, shown: str | None) -> None:
    assert Log()(line) == shown
