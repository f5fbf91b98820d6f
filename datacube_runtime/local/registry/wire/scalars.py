"""
Single values as Go reads and writes them: texts, numbers, times, base64, ports.

A reader returns the value as a real server would store it. It raises ``TypeError`` where the JSON
is of another type, which the caller words, and ``DecodingError`` where a text says nothing.

Source: literalStore in sigs.k8s.io/json, internal/golang/encoding/json/decode.go; Time, MicroTime
and IntOrString in k8s.io/apimachinery
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.wire.quantities import QuantityError, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_TIME_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_ALPHABET = re.compile(r"[A-Za-z0-9+/]*")
_QUANTUM = 4


class DecodingError(Exception):
    """A value cannot be brought into the type of its field."""


def json_name(value: object) -> str:
    """Return what Go's decoder calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def _whole(bits: int) -> Callable[[Any], int]:
    end = 1 << (bits - 1)

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not -end <= value < end:
            raise TypeError
        return value

    return read


def _port(value: Any) -> int | str:
    return value if isinstance(value, str) else _INT32(value)


def _quantity(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise DecodingError(QuantityError.FORMAT)
    try:
        return canonical(str(value).strip())
    except QuantityError as error:
        raise DecodingError(str(error)) from None


def _time(value: Any) -> str:
    return _moment(value, _TIME_LAYOUT).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(value: Any) -> str:
    return _moment(value, _MICRO_LAYOUT).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(value: Any, layout: str) -> datetime:
    _text(value)
    refusal = f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
    if not _TIME.fullmatch(value):
        raise DecodingError(refusal)
    try:
        return datetime.fromisoformat(value.replace(",", ".")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise DecodingError(refusal) from None


def _base64(value: Any) -> str:
    """Return base64 as it is; the refusal says where it breaks, and never what it holds."""
    text = _text(value).replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DecodingError(f"illegal base64 data at input byte {_break(text)}") from None
    return text


def _break(text: str) -> int:
    """Return where base64 breaks: at the first wrong letter, or where the last four begin."""
    matched = _ALPHABET.match(text)
    end = matched.end() if matched else 0
    return end if text[end:].rstrip("=") else end - end % _QUANTUM


def _anything(value: Any) -> Any:
    return value


_INT32 = _whole(32)
SCALARS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "s": _text,
        "i": _INT32,
        "l": _whole(64),
        "f": _float,
        "o": _flag,
        "y": _base64,
        "q": _quantity,
        "t": _time,
        "u": _micro_time,
        "x": _port,
        "-": _anything,
    }
)
"""The readers by the letter that ``structs.txt`` has for a type."""
