"""
A quick yes: compiled checks that are asked before the slow ones, which can say what is wrong.

Nearly every object is sound, and to find that out takes ``jsonschema`` a hundred times as long as
``jsonschema-rs``. Only a yes counts here; what is not sure to be sound is looked at again. So the
two need not agree on what they refuse, but whatever is accepted here must be without fault there:
patterns, formats and ranges are asked of the very same functions, and a schema with a keyword by
which a refusal could become a yes, or which the two read differently, is never answered quickly.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft4Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Check = Callable[[Any, Any, Mapping[str, Any]], Iterator[str]]
    """Yields what is wrong, given what a keyword says, a value, and the schema around it."""

_UNSURE = ("not", "oneOf", "multipleOf", "uniqueItems")
_ALTERNATIVES = ("anyOf", "allOf")
_INT64 = {"minimum": -(2**63), "maximum": 2**63 - 1}


class _UnsureError(Exception):
    """The schema has a keyword that cannot be answered quickly."""


class _Asked:
    """A keyword that is ours, as ``jsonschema-rs`` wants it; an error is a no."""

    def __init__(self, check: Check, schema: Any, value: Any, _path: Any) -> None:
        self._check, self._schema, self._value = check, schema, value

    def validate(self, instance: Any) -> None:
        """Let ``instance`` pass, or raise what is wrong with it."""
        for problem in self._check(self._value, instance, self._schema):
            raise ValueError(problem)


def quick(schema: Mapping[str, Any], checks: Mapping[str, Check]) -> Callable[[Any], bool]:
    """
    Return what says whether a value is surely sound under a schema of draft 4.

    ``checks`` are the keywords that are not the library's business.
    """
    keywords: Any = {f"x-{name}": partial(_Asked, check) for name, check in checks.items()}
    try:
        asked: Any = Draft4Validator(_translated(schema, checks), keywords=keywords)
    except (_UnsureError, ValueError):  # the latter: for a strict reader it is no schema
        return _never
    return partial(_is_sound, asked)


def _never(_value: Any) -> bool:
    return False


def _is_sound(asked: Any, value: Any) -> bool:
    try:
        return bool(asked.is_valid(value))
    except ValueError:  # half a surrogate pair, which Rust has no text for
        return False


def _translated(schema: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    if any(keyword in schema for keyword in _UNSURE):
        raise _UnsureError
    below = partial(_translated, checks=checks)
    result = {f"x-{name}" if name in checks else name: value for name, value in schema.items()}
    if not schema.get("required"):  # draft 4 has no empty list of these
        result.pop("required", None)
    if "properties" in schema:
        parts = schema["properties"].items()
        result["properties"] = {name: below(part) for name, part in parts}
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            result[keyword] = below(schema[keyword])
    for keyword in _ALTERNATIVES:
        if keyword in schema:
            result[keyword] = [below(part) for part in schema[keyword]]
    if "integer" in schema.get("type", ()):  # a text, or a list of such
        result["allOf"] = [*result.get("allOf", ()), _INT64]
    return result
