"""
The checks of an OpenAPI v3 schema: its translation into JSON Schema, and what that does not know.

Kubernetes' own additions are left out; its readings of numbers, patterns and formats are put in.
What ``quick`` is sure of is not looked at again; what is wrong with the rest, ``thorough`` finds.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/validation and
k8s.io/kube-openapi/pkg/validation/validate
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.causes import RANGE
from datacube_runtime.local.registry.custom.formats import fits, is_supported
from datacube_runtime.local.registry.custom.quick import quick

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.exceptions import ValidationError

    from datacube_runtime.local.registry.custom.quick import Check

INT_OR_STRING = "x-kubernetes-int-or-string"
_CHECKED = (
    "type", "enum", "required", "pattern", "minLength", "maxLength", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems",
    "minProperties", "maxProperties",
)  # fmt: skip
_PATTERN_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
_EXACT_BELOW = 2**53
_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}
_FLOAT32_MAX = (2 - 2**-23) * 2**127


class Checks:
    """The checks of a schema: what is surely sound, and what is wrong with the rest."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._translated = _translated(schema)
        self.is_sound = quick(self._translated, _OURS)

    def faults(self, value: Any) -> Iterator[ValidationError]:
        """Yield all that is wrong with a value."""
        yield from self._thorough.iter_errors(value)

    @cached_property
    def _thorough(self) -> Any:
        from datacube_runtime.local.registry.custom.thorough import thorough  # noqa: PLC0415 - needed once something is wrong; jsonschema costs a start 60 ms and 6 MB

        return thorough(self._translated, _OURS)


def _translated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as JSON Schema draft 4 has it, with what Kubernetes adds left out."""
    result = {keyword: schema[keyword] for keyword in _CHECKED if keyword in schema}
    if schema.get(INT_OR_STRING):
        result["type"] = ["integer", "string"]
    result |= _format_of(schema)
    if schema.get("nullable") and "type" in result:
        kinds = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result["type"] = [*kinds, "null"]
    if "properties" in schema:
        below = schema["properties"].items()
        result["properties"] = {name: _translated(part) for name, part in below}
    for keyword in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(keyword), dict):
            result[keyword] = _translated(schema[keyword])
    if not schema.get(INT_OR_STRING):  # there anyOf only repeats the two types
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                result[keyword] = [_translated(s) for s in schema[keyword]]
    return result


def _format_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the format that counts, and the range of a number: every integer has one."""
    kind, form = schema.get("type", ""), schema.get("format", "")
    if kind in _NUMBERS:
        form = form if form in _NUMBERS[kind] else ""
        found = {RANGE: (kind, form)} if kind == "integer" or form == "float" else {}
        return found | ({"format": form} if form else {})
    is_rule = kind in ("", "string") and not schema.get(INT_OR_STRING) and is_supported(form)
    return {"format": form} if is_rule else {}


def _format(form: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    if (
        isinstance(instance, str)
        and schema.get("type") not in _NUMBERS
        and not fits(form, instance)
    ):
        yield "has another format"


def _range(kind_and_format: tuple[str, str], instance: Any, _schema: Any) -> Iterator[str]:
    """
    Look whether a number is in the range of its format.

    Source: IsValueValidAgainstRange in k8s.io/kube-openapi/pkg/validation/validate/values.go
    """
    if isinstance(instance, bool) or not isinstance(instance, int | float):
        return
    kind, form = kind_and_format
    limit = _FLOAT32_MAX if kind == "number" else 2**31 - 1 if form == "int32" else 2**63 - 1
    is_whole = kind == "number" or instance == int(instance)
    if not is_whole or not -limit - (kind == "integer") <= instance <= limit:
        yield "is out of range"


def _pattern(pattern: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """Look for Go's pattern, in a text whose length is right: a real server stops there."""
    if not isinstance(instance, str):
        return
    is_long_enough = schema.get("minLength", 0) <= len(instance)
    is_short_enough = len(instance) <= schema.get("maxLength", len(instance))
    if is_long_enough and is_short_enough and not _regex(pattern).search(instance):
        yield "does not match"


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    """Compile a Go pattern: there, ``$`` is the end and never the place before a last newline."""
    return re.compile(
        _PATTERN_PIECE.sub(lambda piece: r"\Z" if piece[0] == "$" else piece[0], pattern)
    )


def is_integer(value: Any) -> bool:
    """
    Tell whether Go reads a JSON number as an integer.

    Source: IsFloat64AJSONInteger in k8s.io/kube-openapi; what no int64 holds becomes a float64.
    """
    if isinstance(value, float):
        return value.is_integer() and abs(value) < _EXACT_BELOW
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


_OURS: Mapping[str, Check] = {"pattern": _pattern, "format": _format, RANGE: _range}
