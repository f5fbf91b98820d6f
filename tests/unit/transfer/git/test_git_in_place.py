from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.download import _put_in_place

if TYPE_CHECKING:
    from pathlib import Path


def test_two_that_clone_to_one_place_do_not_mix(tmp_path: Path) -> None:
    mine, other = tmp_path / ".repo.partial/repo", tmp_path / "repo"
    for place in (mine, other):
        place.mkdir(parents=True)
        (place / "whose").write_text(str(place))
    with pytest.raises(TransferError, match="repo has been made by another transfer") as refused:
        _put_in_place(mine, other)
    assert refused.value.reason is Reason.ENGINE_FAILED
    assert (other / "whose").read_text() == str(other)
