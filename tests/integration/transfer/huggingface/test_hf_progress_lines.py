from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.progress import Count, Phase, Progress
from tests.integration.transfer.progress import last_of

if TYPE_CHECKING:
    from demo.hub.store import Repository

DATA = os.urandom(3_000_000)


@pytest.mark.parametrize("xet", ["0", "1"])
def test_both_directions_say_how_far_they_are(
    program: Any, repository: Repository, xet: str
) -> None:
    sizes = 7 * 100_000 + len(b"{}onetwo")
    download = program.download(REPO=repository.id, HF_HUB_DISABLE_XET=xet)
    whole = Progress(Phase.TRANSFER, sizes, sizes, Count(4, 4))
    assert last_of(download, Phase.TRANSFER) == whole
    (program.volume / "new.bin").write_bytes(DATA)
    upload = program.upload(REPO=repository.id, HF_HUB_DISABLE_XET=xet)
    sent = last_of(upload, Phase.TRANSFER)
    assert len(DATA) <= sent.done_bytes <= len(DATA) + sizes
    assert last_of(upload, Phase.COMMIT).count == Count(5, 5)
