from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_datacube._refusals import Request
from airflow_provider_datacube._watchlines import lines_of, watch_event
from datacube_api import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REQUEST = Request("watch", "ml", "k8s")


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=5), st.data())
async def test_lines_come_back_whatever_pieces_they_come_in(
    lines: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [line async for line in lines_of(pieces(*chunks))] == lines


async def test_what_was_cut_off_comes_last() -> None:
    assert [line async for line in lines_of(pieces(b"a\nb", b"c"))] == [b"a", b"bc"]


def test_a_line_is_a_kind_and_an_object() -> None:
    line = json.dumps({"type": "ADDED", "object": {"a": 1}}).encode()
    assert watch_event(REQUEST, line) == ("ADDED", {"a": 1})


@pytest.mark.parametrize(
    "line", [b'{"type": "MODIF', b"", b"[]", b'{"type": "ERROR", "object": {}}']
)
def test_what_is_not_understood_means_reading_again(line: bytes) -> None:
    with pytest.raises(errors.DataCubeUnavailableError, match="410 Gone"):
        watch_event(REQUEST, line)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (410, errors.DataCubeUnavailableError),
        (500, errors.DataCubeUnavailableError),
        (401, errors.DataCubeForbiddenError),
        (400, errors.DataCubeApiError),
    ],
)
def test_an_error_in_the_stream_is_the_error_that_an_answer_would_be(
    code: int, kind: type[errors.DataCubeApiError]
) -> None:
    line = json.dumps({"type": "ERROR", "object": {"code": code, "message": "s3cret"}}).encode()
    with pytest.raises(kind) as caught:
        watch_event(REQUEST, line)
    assert caught.value.status == code
    assert "s3cret" not in str(caught.value)
