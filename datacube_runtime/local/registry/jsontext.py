"""
JSON as text and back: by ``orjson``, and by the standard library where that refuses.

The quick one knows no whole numbers beyond 64 bits, no half of a surrogate pair and no deep
nesting; the standard library does. What that wrote begins with a space, so that it is read by it
again and nothing is lost between the two. Numbers that are none (NaN, infinity) are refused on the
way in: JSON has none, and nothing here may have to write them.
"""

from __future__ import annotations

import json
import math
from json import JSONDecodeError
from typing import Any

import orjson

_BLANK = b" \n\r\t"


_CONTAINERS = (dict, list)  # all else is copied as it is; asked first, because most values are


class NumberError(ValueError):
    """A number is too large to be any."""

    def __init__(self) -> None:
        super().__init__("json: cannot unmarshal number into Go value of type float64")


def encoded(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, without blanks but perhaps one in front."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b" " + json.dumps(value, separators=(",", ":")).encode()


def decoded(text: str) -> Any:
    """Return what a text of ``encoded`` says."""
    if not text.startswith(" "):
        try:
            return orjson.loads(text)
        except ValueError:  # half a surrogate pair, in a file of an earlier version
            return json.loads(text)
    return json.loads(text)


def read(data: bytes) -> tuple[Any, bool]:
    """
    Return what a client's JSON says, and whether it surely has no key that stands twice.

    That is sure where the value, written again, is the very text but for blanks. Any other text is
    read by the standard library, which keeps whole numbers whole.

    :raises ValueError: it is no JSON (``JSONDecodeError``), no UTF-8, or holds no number.
    """
    try:
        value = orjson.loads(data)
        if orjson.dumps(value).translate(None, _BLANK) == data.translate(None, _BLANK):
            return value, True
    except (ValueError, TypeError):
        pass  # the other says why, or takes it
    return json.loads(data, parse_float=_float, parse_constant=_no_number), False


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NumberError
    return number


def _no_number(name: str) -> Any:
    """Refuse what Python takes for a number: its first letter begins no value."""
    number = name.removeprefix("-")
    raise JSONDecodeError("Expecting value" if number == name else "Expecting digits", number, 0)


def is_plain(value: Any) -> bool:
    """Tell whether a value has neither a NUL nor half a surrogate pair nor a very large number."""
    try:
        return b"\\u0000" not in orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except TypeError:
        return False


def copied(value: Any) -> Any:
    """Return a deep copy of a JSON value."""
    if isinstance(value, dict):
        return {
            name: copied(below) if below.__class__ in _CONTAINERS else below
            for name, below in value.items()
        }
    return [copied(item) for item in value] if isinstance(value, list) else value
