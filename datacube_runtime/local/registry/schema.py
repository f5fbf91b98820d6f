"""
Structural schemas of custom resources: what is kept, what is filled in, what is refused.

``jsonschema`` does the checking; this module translates an OpenAPI v3 schema into one that it
understands, and its findings into the causes that a real API server would name. CEL is not its
business: see ``rules``.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
and, for the words, apiextensions-apiserver/pkg/apiserver/validation/validation.go
"""

from __future__ import annotations

import copy
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator  # OpenAPI v3.0: exclusiveMinimum is a boolean
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_LIST_TYPE = "x-kubernetes-list-type"
_LIST_KEYS = "x-kubernetes-list-map-keys"
_ROOT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})
_CHECKED = (
    "type", "enum", "required", "pattern", "minLength", "maxLength", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems",
    "minProperties", "maxProperties",
)  # fmt: skip
_WORDS = {
    "pattern": "should match '{}'",
    "minLength": "should be at least {} chars long",
    "minimum": "should be greater than or equal to {}",
    "maximum": "should be less than or equal to {}",
    "multipleOf": "should be a multiple of {}",
    "minItems": "should have at least {} items",
    "minProperties": "should have at least {} properties",
    "uniqueItems": "shouldn't contain duplicates",
}
_PATTERN_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
_EXACT_BELOW = 2**53
_ALTERNATIVES = {
    "anyOf": "must validate at least one schema (anyOf)",
    "oneOf": "must validate one and only one schema (oneOf)",
    "allOf": "must validate all the schemas (allOf)",
    "not": "must not validate the schema (not)",
}


def prune(schema: Mapping[str, Any], obj: dict[str, Any]) -> list[str]:
    """Drop the fields that the schema does not know; return their paths."""
    return sorted(_pruned(_body(schema), obj, "", _ROOT_FIELDS))


def complete(schema: Mapping[str, Any], obj: dict[str, Any]) -> None:
    """
    Drop nulls where the schema allows none, then fill in defaults, all the way down.

    A whole number that was written as 1.0 becomes 1, as which Go writes it.
    """
    _completed(_body(schema), obj)


def _completed(schema: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, dict):
        for name, below in _fields(schema, value):
            if value.get(name, "") is None and not below.get("nullable"):
                del value[name]
            if name not in value and "default" in below:
                value[name] = copy.deepcopy(below["default"])
            if name in value:
                value[name] = _completed(below, value[name])
    elif isinstance(value, list):
        value[:] = [_completed(schema.get("items", {}), item) for item in value]
    elif isinstance(value, float) and _is_integer(None, value):
        is_whole = schema.get(_INT_OR_STRING) or schema.get("type") == "integer"
        return int(value) if is_whole else value
    return value


class Structure:
    """A schema, ready to check objects against."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = _body(schema)
        self._validator = _Validator(_translated(self._schema))

    def problems(self, obj: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[Cause]:
        """
        Return what is wrong with an object, field by field; metadata is not looked at.

        A top-level field that did not change is not looked at either: the definition may have
        become stricter since, and a status has to be writable all the same.
        """
        looked_at, known = _checked_part(obj), _checked_part(old or {})
        if old is not None and looked_at == known:
            return []
        errors = sorted(self._validator.iter_errors(looked_at), key=_order)
        return [
            cause
            for cause in [*map(_cause, errors), *_twins(self._schema, looked_at, "")]
            if (top := cause.field.partition(".")[0]) not in known or known[top] != obj.get(top)
        ]


def _checked_part(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in obj.items() if field not in _ROOT_FIELDS}


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as Kubernetes writes it: ``spec.options[0].name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def shown(value: Any) -> str:
    """Return a value as it stands in ``Invalid value: …: ``; objects and lists are not shown."""
    return "" if isinstance(value, dict | list) else f"{json.dumps(value, ensure_ascii=False)}: "


def _body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without apiVersion, kind and metadata: those follow the API's own rules."""
    properties = schema.get("properties", {}).items()
    kept = {name: part for name, part in properties if name not in _ROOT_FIELDS}
    required = [name for name in schema.get("required", ()) if name not in _ROOT_FIELDS]
    return {**schema, "properties": kept, "required": required}


def _fields(
    schema: Mapping[str, Any], value: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the fields that have a schema, named ones first."""
    properties = schema.get("properties", {})
    yield from properties.items()
    if isinstance(others := schema.get("additionalProperties"), dict):
        yield from ((name, others) for name in list(value) if name not in properties)


def _pruned(
    schema: Mapping[str, Any], value: Any, path: str, known: frozenset[str] = frozenset()
) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _pruned(schema.get("items", {}), item, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    below = dict(_fields(schema, value))
    keeps_all = schema.get(_PRESERVE) or schema.get("additionalProperties") is True
    for name in list(value):
        at = f"{path}.{name}" if path else name
        if name in below:
            yield from _pruned(below[name], value[name], at)
        elif name not in known and not keeps_all:
            del value[name]
            yield at


def _translated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as JSON Schema draft 4 has it, with what Kubernetes adds left out."""
    result = {keyword: schema[keyword] for keyword in _CHECKED if keyword in schema}
    if schema.get(_INT_OR_STRING):
        result["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in result:
        kinds = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result["type"] = [*kinds, "null"]
    if "properties" in schema:
        below = schema["properties"].items()
        result["properties"] = {name: _translated(part) for name, part in below}
    for keyword in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(keyword), dict):
            result[keyword] = _translated(schema[keyword])
    if not schema.get(_INT_OR_STRING):  # there anyOf only repeats the two types
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                result[keyword] = [_translated(s) for s in schema[keyword]]
    return result


def _required(
    _validator: Any, required: Iterable[str], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    """Name the missing field by the error's path, which the library does not."""
    if isinstance(instance, dict):
        for name in required:
            if name not in instance:
                yield ValidationError("Required value", path=[name])


def _pattern(
    _validator: Any, pattern: str, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Look for Go's pattern, in a text whose length is right: a real server stops there."""
    if not isinstance(instance, str):
        return
    is_long_enough = schema.get("minLength", 0) <= len(instance)
    is_short_enough = len(instance) <= schema.get("maxLength", len(instance))
    if is_long_enough and is_short_enough and not _regex(pattern).search(instance):
        yield ValidationError("does not match")


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    """Compile a Go pattern: there, ``$`` is the end and never the place before a last newline."""
    return re.compile(
        _PATTERN_PIECE.sub(lambda piece: r"\Z" if piece[0] == "$" else piece[0], pattern)
    )


def _is_integer(_checker: Any, value: Any) -> bool:
    """
    Tell whether Go reads a JSON number as an integer.

    Source: IsFloat64AJSONInteger in k8s.io/kube-openapi; what no int64 holds becomes a float64.
    """
    if isinstance(value, float):
        return value.is_integer() and abs(value) < _EXACT_BELOW
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


_Validator: Callable[[dict[str, Any]], Any] = extend(  # type: ignore[no-untyped-call]  # the stubs leave its type open
    Draft4Validator,
    {"required": _required, "pattern": _pattern},
    type_checker=Draft4Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _order(error: ValidationError) -> tuple[list[str], int]:
    """Sort by field, and what is said of one field in the order of ``_CHECKED``."""
    keyword = error.validator
    rank = _CHECKED.index(keyword) if keyword in _CHECKED else len(_CHECKED)
    return [str(step) for step in error.absolute_path], rank


def _cause(error: ValidationError) -> Cause:  # noqa: PLR0911 - one return a kind of error
    field = dotted(error.absolute_path)
    value: Any = error.instance
    limit: Any = error.validator_value
    if error.validator == "required":
        return Cause("FieldValueRequired", field, "Required value")
    if error.validator == "enum":
        supported = ", ".join(json.dumps(choice) for choice in limit)
        message = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        return Cause("FieldValueNotSupported", field, message)
    if error.validator == "type":
        wanted, found = (
            ",".join([limit] if isinstance(limit, str) else limit),
            f'"{type_name(value)}"',
        )
        message = f"Invalid value: {found}: {field} in body must be of type {wanted}: {found}"
        return Cause("FieldValueTypeInvalid", field, message)
    if error.validator == "maxLength":
        message = f"Too long: may not be more than {limit} bytes"
        return Cause("FieldValueTooLong", field, message)
    if error.validator in ("maxItems", "maxProperties"):
        message = f"Too many: {len(value)}: must have at most {limit} items"
        return Cause("FieldValueTooMany", field, message)
    if error.validator in _ALTERNATIVES:
        words = f'"{field}" {_ALTERNATIVES[error.validator]}'
        return Cause("FieldValueInvalid", field, f"Invalid value: {shown(value)}{words}")
    words = f"{field} in body {_WORDS[str(error.validator)].format(limit)}"
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown(value)}{words}")


def type_name(value: Any) -> str:
    """Return what JSON Schema calls the type of a value."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return "null" if value is None else names.get(type(value), "object")


def _twins(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Cause]:
    """Yield the items that may not stand in a list twice: of sets, and of maps by their key."""
    if isinstance(value, dict):
        for name, below in _fields(schema, value):
            if name in value:
                yield from _twins(below, value[name], f"{path}.{name}" if path else name)
    if not isinstance(value, list):
        return
    kind, keys = schema.get(_LIST_TYPE), schema.get(_LIST_KEYS, ())
    seen: list[Any] = []
    for index, item in enumerate(value):
        yield from _twins(schema.get("items", {}), item, f"{path}[{index}]")
        identity = item
        if kind == "map" and isinstance(item, dict):
            identity = {key: item[key] for key in keys if key in item}
        if kind in ("map", "set") and identity in seen:
            message = f"Duplicate value: {json.dumps(identity, separators=(',', ':'))}"
            yield Cause("FieldValueDuplicate", f"{path}[{index}]", message)
        seen.append(identity)
