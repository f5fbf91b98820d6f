"""
What a failed check of a schema is called, and in which order a real server says it.

The checks are ``jsonschema``'s; the order is that in which kube-openapi walks: what a value is
comes before what is in it, fields before the fields that are missing, items before their number.

Source: k8s.io/kube-openapi/pkg/validation/validate (schema.go, object_validator.go,
slice_validator.go, type.go) and, for the words,
k8s.io/apiextensions-apiserver/pkg/apiserver/validation/validation.go
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jsonschema.exceptions import ValidationError

RANGE = "x-range"
"""Our keyword: the type and the format of a number, whose range is its own check."""

_RANKS = (
    "type", "anyOf", "oneOf", "allOf", "not", "maxLength", "minLength", "pattern", "format", RANGE,
    "multipleOf", "minimum", "maximum", "enum", "minProperties", "maxProperties",
    "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
_AFTER_ITEMS = ("minItems", "maxItems", "uniqueItems")
_OWN, _BELOW, _LAST = range(3)
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
_STRICT = {"minimum": ("exclusiveMinimum", "greater"), "maximum": ("exclusiveMaximum", "less")}
_ALTERNATIVES = {
    "anyOf": "must validate at least one schema (anyOf)",
    "oneOf": "must validate one and only one schema (oneOf). ",
    "not": "must not validate the schema (not)",
}
_WITH_SIZE = ("minItems", "minProperties")
_LEAST_PLAIN, _LEAST_EXPONENT = -4, 6
_INT64 = range(-(2**63), 2**63)


def order(error: ValidationError) -> list[tuple[int, Any]]:
    """Return the key by which errors are sorted into the order of a real server's walk."""
    path = list(error.absolute_path)
    if error.validator == "required":
        missing, required = path.pop(), error.validator_value
        last = (_LAST, list(required).index(missing) if isinstance(required, list) else 0)
    else:
        keyword = str(error.validator)
        rank = _RANKS.index(keyword) if keyword in _RANKS else len(_RANKS)
        last = (_LAST if keyword in _AFTER_ITEMS else _OWN, rank)
    return [*((_BELOW, step) for step in path), last]


def causes(error: ValidationError) -> list[Cause]:
    """Return what a real server would name; of alternatives also what the nearest one lacks."""
    if error.validator in _ALTERNATIVES:
        nearest = _nearest(error.context or [])
        found = [cause for below in sorted(nearest, key=order) for cause in causes(below)]
        return [_no_alternative(error), *found]
    field, keyword = dotted(error.absolute_path), str(error.validator)
    if keyword in _CAUSES:
        return [_CAUSES[keyword](field, error)]
    value: Any = error.instance
    said = f"{len(value)}: " if keyword in _WITH_SIZE else shown(value)
    words = f"{field} in body {_words(keyword, error)}"
    return [Cause("FieldValueInvalid", field, f"Invalid value: {said}{words}")]


def _no_alternative(error: ValidationError) -> Cause:
    """Say it of no field, as a real server does: the path is in the words."""
    words = _ALTERNATIVES[str(error.validator)]
    if error.validator == "oneOf":
        schemas: Any = error.validator_value
        words += f"Found {len(schemas)} valid alternatives" if not error.context else _NONE
    path = dotted(error.absolute_path)
    return Cause("FieldValueInvalid", "<nil>", f'Invalid value: "": "{path}" {words}')


def _nearest(failures: Sequence[ValidationError]) -> list[ValidationError]:
    """Return the failures of the alternative that has the fewest, the first of such."""
    by_schema: dict[Any, list[ValidationError]] = {}
    for failure in failures:
        by_schema.setdefault(failure.relative_schema_path[0], []).append(failure)
    return min(by_schema.values(), key=len, default=[])


_NONE = "Found none valid"


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as Kubernetes writes it: ``spec.options[0].name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def shown(value: Any) -> str:
    """Return a value as it stands in ``Invalid value: …: ``; objects and lists are not shown."""
    if type_name(value) == "number":
        return f"{_go_float(float(value))}: "
    return "" if isinstance(value, dict | list) else f"{json.dumps(value, ensure_ascii=False)}: "


def _go_float(value: float) -> str:
    """Return a number by Go's ``%v``, which turns to exponents at a million."""
    mantissa, _, exponent = f"{Decimal(repr(value)):e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    if _LEAST_PLAIN <= int(exponent) < _LEAST_EXPONENT:
        return repr(value).removesuffix(".0")
    return f"{mantissa}e{exponent[0]}{exponent[1:]:0>2}"


def type_name(value: Any) -> str:
    """Return what JSON Schema calls the type of a value."""
    names = {bool: "boolean", float: "number", str: "string", list: "array"}
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer" if value in _INT64 else "number"
    return "null" if value is None else names.get(type(value), "object")


def _words(keyword: str, error: ValidationError) -> str:
    words = _WORDS[keyword].format(error.validator_value)
    strict, comparison = _STRICT.get(keyword, ("", ""))
    if strict and isinstance(error.schema, dict) and error.schema.get(strict):
        return f"should be {comparison} than {error.validator_value}"
    return words


def _required(field: str, _error: ValidationError) -> Cause:
    return Cause("FieldValueRequired", field, "Required value")


def _enum(field: str, error: ValidationError) -> Cause:
    choices: Any = error.validator_value
    supported = ", ".join(json.dumps(_text(choice)) for choice in choices)
    message = f"Unsupported value: {json.dumps(error.instance)}: supported values: {supported}"
    return Cause("FieldValueNotSupported", field, message)


def _text(choice: Any) -> str:
    return choice if isinstance(choice, str) else json.dumps(choice)


def _type(field: str, error: ValidationError) -> Cause:
    """Say which type it has to be; where there is a format, the format says it for both."""
    value, schema = error.instance, error.schema
    wanted: Any = error.validator_value
    form = schema.get("format", "") if isinstance(schema, dict) else ""
    if form and value is not None and not isinstance(value, str | list):
        return _misfit(field, form, _NUMBER_FORMATS.get(type_name(value), ""))
    kinds = wanted if isinstance(wanted, list) else [wanted]
    said = ",".join(kind for kind in kinds if kind != "null")
    return _misfit(field, said, type_name(value))


_NUMBER_FORMATS = {"integer": "int64", "number": "float64"}


def _format(field: str, error: ValidationError) -> Cause:
    return _misfit(field, str(error.validator_value), str(error.instance))


def _misfit(field: str, wanted: str, found: str) -> Cause:
    quoted = json.dumps(found, ensure_ascii=False)
    message = f"Invalid value: {quoted}: {field} in body must be of type {wanted}: {quoted}"
    return Cause("FieldValueTypeInvalid", field, message)


def _range(field: str, error: ValidationError) -> Cause:
    """Say it of no field: so it is in a real server's answer, which has the path in the words."""
    asked: Any = error.validator_value
    kind, form = asked
    wanted = f"{kind} with format {form}" if form else f"{kind} (default format)"
    message = f'Invalid value: "": Checked value must be of type {wanted} in {field}'
    return Cause("FieldValueInvalid", "<nil>", message)


def _too_long(field: str, error: ValidationError) -> Cause:
    limit = error.validator_value
    message = f"Too long: may not be more than {limit} {'byte' if limit == 1 else 'bytes'}"
    return Cause("FieldValueTooLong", field, message)


def _too_many(field: str, error: ValidationError) -> Cause:
    value: Any = error.instance
    limit, size = error.validator_value, len(value)
    message = f"Too many: {size}: must have at most {limit} {'item' if limit == 1 else 'items'}"
    return Cause("FieldValueTooMany", field, message)


_CAUSES: Mapping[str, Callable[[str, ValidationError], Cause]] = {
    "required": _required,
    "enum": _enum,
    "type": _type,
    "format": _format,
    RANGE: _range,
    "maxLength": _too_long,
    "maxItems": _too_many,
    "maxProperties": _too_many,
}
