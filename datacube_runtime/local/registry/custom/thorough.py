"""
What is wrong with a value, all of it, found by ``jsonschema``: for what ``quick`` is not sure of.

Its readings of types and of what is missing are a real server's here. Imported when something is
looked for, since most servers never meet a fault.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator  # OpenAPI v3.0: exclusiveMinimum is a boolean
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from datacube_runtime.local.registry.custom.checks import is_integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datacube_runtime.local.registry.custom.quick import Check


def thorough(schema: Mapping[str, Any], checks: Mapping[str, Check]) -> Any:
    """Return a validator of a schema; ``checks`` are the keywords that are not the library's."""
    ours = {keyword: partial(_asked, check) for keyword, check in checks.items()}
    kind: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave its type open
        Draft4Validator,
        {"type": _type, "required": _required, **ours},
        type_checker=Draft4Validator.TYPE_CHECKER.redefine(
            "integer", lambda _, value: is_integer(value)
        ),
    )
    return kind(schema)


def _asked(
    check: Check, _validator: Any, said: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    yield from map(ValidationError, check(said, instance, schema))


def _type(
    validator: Any, types: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Look for a type; a list passes for a text with a format, as it does on a real server."""
    if isinstance(instance, list) and schema.get("type") == "string" and "format" in schema:
        return
    kinds = [types] if isinstance(types, str) else types
    if not any(validator.is_type(instance, kind) for kind in kinds):
        yield ValidationError("is of another type")


def _required(
    _validator: Any, required: Iterable[str], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    """Name the missing field by the error's path, which the library does not."""
    if isinstance(instance, dict):
        for name in required:
            if name not in instance:
                yield ValidationError("Required value", path=[name])
