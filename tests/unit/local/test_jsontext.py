from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.local.apiserver.duplicates import twice
from datacube_runtime.local.registry.jsontext import (
    NumberError,
    copied,
    decoded,
    encoded,
    is_plain,
    read,
)

TEXTS = st.text(st.characters(exclude_categories=()), max_size=6) | st.sampled_from(
    ["\ud800", "\udfff\ud800", "\0", "\\u0000", " ", "\n", "\u2028", "é", '"', "\\"]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=12,
)
HALF, LARGE = "\ud800", 2**64


@given(VALUES)
def test_what_is_written_is_read_again_to_the_last_bit(value: Any) -> None:
    found = decoded(encoded(value).decode())
    assert repr(found) == repr(value)


@given(VALUES)
def test_what_clients_write_is_read_as_it_is_meant(value: Any) -> None:
    for written in (json.dumps(value), json.dumps(value, indent=2)):
        assert repr(read(written.encode())[0]) == repr(value)


@pytest.mark.parametrize("value", [{"a": HALF}, {HALF: 1}, [LARGE], -LARGE])
def test_a_file_of_an_earlier_version_can_be_read(value: Any) -> None:
    assert decoded(json.dumps(value, separators=(",", ":"))) == value


def test_a_deep_nesting_can_be_written() -> None:
    value: list[Any] = []
    for _ in range(400):
        value = [value]
    assert decoded(encoded(value).decode()) == value


@given(st.lists(st.tuples(st.sampled_from("ab"), VALUES), max_size=4), st.booleans())
def test_a_key_that_stands_twice_is_never_overlooked(
    pairs: list[tuple[str, Any]],
    is_wide: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    colon, comma = (" : ", ",\n ") if is_wide else (":", ",")
    inner = comma.join(f"{json.dumps(k)}{colon}{json.dumps(v)}" for k, v in pairs)
    body = f'{{"x"{colon}[{{{inner}}}]}}'.encode()
    _, is_sure = read(body)
    assert not (is_sure and twice(body))


@pytest.mark.parametrize("body", [b'{"a": [1, 1.5, "b c"]}', b'{\n\t"a": {}\n}\n', '"é"'.encode()])
def test_an_ordinary_body_is_read_but_once(body: bytes) -> None:
    assert read(body) == (json.loads(body), True)


@pytest.mark.parametrize("body", [b"NaN", b'{"a":Infinity}', b"[-Infinity]"])
def test_what_is_no_number_is_no_json(body: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        read(body)


@pytest.mark.parametrize("body", [b"1e999", b'{"a":[-1e999]}'])
def test_a_number_beyond_all_bounds_is_refused(body: bytes) -> None:
    with pytest.raises(NumberError):
        read(body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,}', b"\xff", b'"\n"'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(body)


@pytest.mark.parametrize(
    ("value", "plain"),
    [({"a": ["x", 1, 2.5]}, True), ("a\0b", False), ([HALF], False), ({"n": 2**63}, False)],
)
def test_what_cel_would_misread_is_told(value: Any, plain: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_plain(value) is plain


def test_a_copy_shares_nothing() -> None:
    value = {"a": [{"b": 1}]}
    copy = copied(value)
    copy["a"][0]["b"] = 2
    assert value == {"a": [{"b": 1}]}
