from __future__ import annotations

import os
from typing import Any

from datacube_api.progress import Count, Phase, Progress
from tests.integration.transfer.progress import last_of


def test_both_directions_say_how_far_they_are(program: Any, place: Any) -> None:
    place.put({"a": os.urandom(3_000_000), "d/b": b"1"})
    whole = Progress(Phase.TRANSFER, 3_000_001, 3_000_001, Count(2, 2))
    download = program.download(S3_URI=place.uri, sub_path="in")
    assert last_of(download, Phase.TRANSFER) == whole
    upload = program.upload(S3_URI=f"{place.uri}-copy", sub_path="in")
    assert last_of(upload, Phase.TRANSFER) == whole
