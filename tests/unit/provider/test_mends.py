from __future__ import annotations

import pytest

from airflow_provider_datacube._failures import FINAL_REASONS
from airflow_provider_datacube._mends import KNOWN, KUBERNETES, OURS
from datacube_api.reasons import Reason

WELL = {Reason.TRANSFER_SUCCEEDED, Reason.TRANSFER_STARTED, Reason.POD_PENDING}


def test_every_stable_reason_is_known() -> None:
    assert set(OURS) == set(Reason)


def test_what_can_be_mended_has_a_mend() -> None:
    assert {word for word, known in KNOWN.items() if not known.mend} == WELL
    assert {word for word in OURS if OURS[word].mend} >= FINAL_REASONS


def test_no_word_means_two_things() -> None:
    assert not set(OURS) & set(KUBERNETES)


@pytest.mark.parametrize("text", [text for known in KNOWN.values() for text in known if text])
def test_a_sentence_goes_on_in_a_line(text: str) -> None:
    assert text[0].islower() or text.startswith(("API",))
    assert not text.endswith(".")
    assert "|" not in text  # which would end a cell of the document's table
    assert text.isprintable()
