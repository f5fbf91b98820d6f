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


@given(
    st.text(max_size=5000),
    st.dictionaries(st.text(max_size=8), st.text(max_size=3000) | st.integers(), max_size=5),
)
def test_long_results_are_cut_too(message: str, result: dict[str, str | int]) -> None:
    said = Termination(Reason.TRANSFER_SUCCEEDED, message, result)
    text = said.to_json()
    read = read_termination(text)
    assert len(text.encode()) <= MAX_BYTES
    assert read is not None
    assert (read.reason, read.result.keys()) == (said.reason, result.keys())
    for name, value in result.items():
        if isinstance(value, str):
            assert value.startswith(read.result[name].removesuffix("…"))
        else:
            assert read.result[name] == value


def test_what_has_no_shorter_form_is_left_out() -> None:
    said = Termination(Reason.CANCELLED, "why", {"files": ["a" * 5000], "bytes": 7})
    read = read_termination(said.to_json())
    assert read == Termination(Reason.CANCELLED, "why", {"files": None, "bytes": 7})


@pytest.mark.parametrize(
    "text",
    [None, "", "killed", "{}", "[]", "1", '{"reason": "Fine", "message": "", "result": {}}',
     '{"reason": "Cancelled", "message": "", "result": 1}'],
)  # fmt: skip
def test_what_is_not_ours_is_none(text: str | None) -> None:
    assert read_termination(text) is None
