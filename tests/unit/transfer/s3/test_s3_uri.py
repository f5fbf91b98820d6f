from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.transfer.s3.uri import Uri, read_uri

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = st.text(
    st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="/"), min_size=1
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket", Uri("bucket")),
        ("s3://bucket/", Uri("bucket", ends_in_slash=True)),
        ("s3://bucket/key", Uri("bucket", "key")),
        ("s3://bucket/a/b/", Uri("bucket", "a/b", ends_in_slash=True)),
        ("s3://my.bucket-1/ü + %2F%25 &?#=", Uri("my.bucket-1", "ü + %2F%25 &?#=")),
        ("s3://bucket/.hidden/..x", Uri("bucket", ".hidden/..x")),
    ],
)
def test_a_uri_is_taken_apart_and_nothing_is_decoded(text: str, expected: Uri) -> None:
    assert read_uri(text) == expected
    assert str(expected) == text
    assert f"s3://{expected.path}" == text


@given(st.lists(PARTS.filter(lambda part: part not in (".", "..")), min_size=1), st.booleans())
def test_every_key_comes_back(parts: list[str], ends_in_slash: bool) -> None:  # noqa: FBT001 - drawn
    text = f"s3://bucket/{'/'.join(parts)}{'/' if ends_in_slash else ''}"
    uri = read_uri(text)
    assert (str(uri), uri.name, uri.may_be_object) == (text, parts[-1], not ends_in_slash)
    assert str(uri.parent) == f"s3://bucket/{''.join(f'{part}/' for part in parts[:-1])}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is missing"),
        ("bucket/key", "must be s3://bucket"),
        ("S3://bucket/key", "must be s3://bucket"),
        ("https://host/bucket", "must be s3://bucket"),
        ("s3://", "must be s3://bucket"),
        ("s3:///key", "must be s3://bucket"),
        ("s3://-x/key", "must be s3://bucket"),
        ("s3://user:pw@bucket/key", "must be s3://bucket"),
        ("s3://bucket//key", "empty"),
        ("s3://bucket//", "empty"),
        ("s3://bucket/a//b", "empty"),
        ("s3://bucket/a//", "empty"),
        ("s3://bucket/../x", "'..'"),
        ("s3://bucket/a/..", "'..'"),
        ("s3://bucket/./", "'.'"),
        ("s3://bucket/a\nb", "control character"),
    ],
)
def test_what_is_no_such_uri_is_refused(
    refusal: Callable[..., tuple[str, str]], text: str, problem: str
) -> None:
    reason, message = refusal(read_uri, text)
    assert reason == "InvalidOption"
    assert message.startswith("s3-uri: ")
    assert problem in message
    assert "pw" not in message
