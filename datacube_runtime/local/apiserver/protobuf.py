"""
Protobuf bodies into objects: kubectl sends them for ``create secret`` and its like, and insists.

Only read, never written: every client that sends protobuf takes JSON for an answer. Which field has
which number stands in ``protobuf_messages.txt``; the built-in kinds that are stored here are in it
with all that they can hold, so that no field of a Job is lost on the way in.

What is a zero and what is absent is decided as Go decides it when it writes JSON: the zero of a
pointer is a value, any other zero is left out.

Source: k8s.io/apimachinery/pkg/runtime/serializer/protobuf (the envelope) and
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MAGIC = b"k8s\x00"
_KINDS = frozenset(
    {
        "ConfigMap",
        "DeleteOptions",
        "Event",
        "Job",
        "Lease",
        "Namespace",
        "PersistentVolumeClaim",
        "Pod",
        "Secret",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "SelfSubjectRulesReview",
    }
)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BITS = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ProtobufError(ValueError):
    """The bytes are no protobuf of the message that they should be; never says their content."""


class UnknownKindError(ProtobufError):
    """The envelope holds a kind that is not read here."""


class _Field(NamedTuple):
    name: str
    shape: str
    """``*`` list, ``{`` map, ``?`` pointer, or nothing."""
    type: str


def decode(data: bytes) -> dict[str, Any]:
    """
    Return the object that a protobuf body holds.

    :raises UnknownKindError: it is of a kind that is not read here.
    :raises ProtobufError: it is damaged.
    """
    if not data.startswith(_MAGIC):
        raise ProtobufError("no envelope")
    envelope = dict(_wire(data[len(_MAGIC) :]))
    said = {number: _text(value) for number, value in _wire(_bytes(envelope.get(1, b"")))}
    api_version, kind = said.get(1, ""), said.get(2, "")
    if kind not in _KINDS:
        raise UnknownKindError(kind)
    message = "EventsEvent" if api_version.startswith("events.k8s.io/") else kind
    obj = _message(message, _bytes(envelope.get(2, b"")))
    return {"apiVersion": api_version, "kind": kind, **obj}


def _message(name: str, data: bytes) -> dict[str, Any]:
    fields = _messages()[name]
    obj: dict[str, Any] = {}
    for number, raw in _wire(data):
        # A number that is not known is of a later Kubernetes: dropped, as a real server drops it.
        if (field := fields.get(number)) is not None:
            _take(obj, field, raw)
    return obj


def _take(obj: dict[str, Any], field: _Field, raw: int | bytes) -> None:
    """Put one value that was read where it belongs."""
    if field.shape == "*":
        obj.setdefault(field.name, []).extend(_elements(field.type, raw))
    elif field.shape == "{":
        entry = dict(_wire(_bytes(raw)))
        key, value = _text(entry.get(1, b"")), _value(field.type, entry.get(2, b""))
        obj.setdefault(field.name, {})[key] = value
    elif field.name == "=":
        obj |= _value(field.type, raw)
    else:
        value = _value(field.type, raw)
        if value or (field.shape == "?" and value is not None):
            obj[field.name] = value


def _elements(kind: str, raw: int | bytes) -> list[Any]:
    """Return what one occurrence of a list holds: numbers may come packed."""
    if kind not in ("i", "o") or isinstance(raw, int):
        return [_value(kind, raw)]
    found, at = [], 0
    while at < len(raw):
        number, at = _varint(raw, at)
        found.append(_value(kind, number))
    return found


def _value(kind: str, raw: int | bytes) -> Any:
    if kind == "i":
        return _signed(raw)
    if kind == "o":
        return bool(_signed(raw))
    if (read := _READERS.get(kind)) is not None:
        return read(_bytes(raw))
    return _message(kind, _bytes(raw))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _int_or_string(data: bytes) -> int | str:
    held = dict(_wire(data))
    return _text(held.get(3, b"")) if held.get(1) else _signed(held.get(2, 0))


def _quantity(data: bytes) -> str:
    return _text(dict(_wire(data)).get(1, b""))


def _fields(data: bytes) -> Any:
    """Return the FieldsV1 of ``managedFields``: JSON inside of protobuf."""
    try:
        return json.loads(_bytes(dict(_wire(data)).get(1, b"{}")))
    except ValueError as error:
        raise ProtobufError("no JSON where it should be") from error


def _time(data: bytes, precision: str) -> str | None:
    """Return a time as the API writes it. Nothing at all stands for no time."""
    if not data:
        return None
    held = dict(_wire(data))
    try:
        passed = timedelta(
            seconds=_signed(held.get(1, 0)), microseconds=_signed(held.get(2, 0)) // 1000
        )
        return (_EPOCH + passed).replace(tzinfo=None).isoformat(timespec=precision) + "Z"
    except OverflowError as error:
        raise ProtobufError("a time out of range") from error


def _wire(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field, in the order sent."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire_type == _BYTES:
            size, at = _varint(data, at)
        elif wire_type in _FIXED_SIZES:
            size = _FIXED_SIZES[wire_type]
        else:
            raise ProtobufError("an unknown wire type")
        if at + size > len(data):
            raise ProtobufError("cut short")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where the next thing begins."""
    value = 0
    for shift in range(0, _VARINT_BITS + 6, 7):
        if at >= len(data):
            raise ProtobufError("cut short")
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return value & ((1 << _VARINT_BITS) - 1), at
    raise ProtobufError("a number without end")


def _signed(raw: int | bytes) -> int:
    if not isinstance(raw, int):
        raise ProtobufError("no number where one should be")
    return raw - (1 << _VARINT_BITS) if raw >> (_VARINT_BITS - 1) else raw


def _bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise ProtobufError("a number where none should be")
    return raw


def _text(raw: int | bytes) -> str:
    try:
        return _bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError("no UTF-8 where it should be") from error


_READERS: Mapping[str, Callable[[bytes], Any]] = MappingProxyType(
    {
        "s": _text,
        "y": _base64,
        "@time": partial(_time, precision="seconds"),
        "@micro": partial(_time, precision="microseconds"),
        "@intstr": _int_or_string,
        "@quantity": _quantity,
        "@fields": _fields,
    }
)


@cache
def _messages() -> Mapping[str, Mapping[int, _Field]]:
    """Return the fields of every message by their numbers."""
    text = files(__package__).joinpath("protobuf_messages.txt").read_text()
    entries = [line for line in text.splitlines() if not line.startswith("#")]
    found: dict[str, dict[int, _Field]] = {}
    for line in "\n".join(entries).replace("\n  ", " ").splitlines():
        name, *fields = line.split()
        found[name] = {}
        for field in fields:
            number, json_name, kind = field.split(":")
            shape = kind[0] if kind[0] in "*{?" else ""
            found[name][int(number)] = _Field(json_name, shape, kind.removeprefix(shape))
    return found
