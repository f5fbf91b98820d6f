from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_api.reasons import Reason
from datacube_api.termination import MAX_BYTES, Termination, read_termination


@given(st.sampled_from(Reason), st.text(max_size=300), st.integers())
def test_what_is_written_is_what_is_read(reason: Reason, message: str, size: int) -> None:
    said = Termination(reason, message, {"bytes": size})
    assert read_termination(said.to_json()) == said


@given(st.text(alphabet="a\U0001f600é\n", min_size=1000, max_size=9000))
def test_a_long_message_is_cut_and_the_rest_stays(message: str) -> None:
    said = Termination(Reason.NETWORK_ERROR, message, {"commit": "c0ffee"})
    text = said.to_json()
    read = read_termination(text)
    assert len(text.encode()) <= MAX_BYTES
    assert read is not None
    assert (read.reason, read.result) == (said.reason, said.result)
    assert message.startswith(read.message.removesuffix("…"))


@pytest.mark.parametrize(
    "text",
    [None, "", "killed", "{}", "[]", "1", '{"reason": "Fine", "message": "", "result": {}}',
     '{"reason": "Cancelled", "message": "", "result": 1}'],
)  # fmt: skip
def test_what_is_not_ours_is_none(text: str | None) -> None:
    assert read_termination(text) is None
