from __future__ import annotations

from typing import Any

from datacube_api.progress import Count, Phase
from tests.integration.transfer.progress import last_of


def test_both_directions_say_how_far_they_are(program: Any, origin: Any) -> None:
    download = program.download(URL=origin.url)
    assert last_of(download, Phase.TRANSFER).count == Count(3, 3, "objects")
    origin.person.commit(program.volume / "models", "mine.txt", "mine")
    upload = last_of(program.upload(URL=origin.url), Phase.TRANSFER)
    assert (upload.count, upload.fraction) == (Count(3, 3, "objects"), 1.0)
    assert upload.done_bytes > 0
