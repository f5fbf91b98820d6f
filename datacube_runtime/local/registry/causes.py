"""
The causes of a refusal, a function for each kind of wrong, and the paths they name.

Source: ErrorBody in k8s.io/apimachinery/pkg/util/validation/field/errors.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

NOT_SHOWN = object()
"""Stands for a value that the cause leaves out: it is long, or nobody else's business."""


def at(path: str, *steps: str | int) -> str:
    """Return a path below another: ``spec.containers[0].name``."""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path


def each(path: str, items: Iterable[Any] | None) -> Iterator[tuple[str, Any]]:
    """Yield the items of a list with their paths."""
    for index, item in enumerate(items or ()):
        yield at(path, index), item


def required(path: str, why: str = "") -> Cause:
    """Say that something has to be there."""
    return Cause("FieldValueRequired", path, f"Required value: {why}" if why else "Required value")


def wrong(path: str, value: Any, why: str) -> Cause:
    """Say that a value is against a rule."""
    shown = "" if value is NOT_SHOWN else f"{_shown(value)}: "
    return Cause("FieldValueInvalid", path, f"Invalid value: {shown}{why}")


def unsupported(path: str, value: Any, known: Iterable[str]) -> Cause:
    """Say which values there are."""
    words = ", ".join(_shown(word) for word in known)
    message = f"Unsupported value: {_shown(value)}: supported values: {words}"
    return Cause("FieldValueNotSupported", path, message)


def unknown_choice(
    path: str, obj: Mapping[str, Any], field: str, known: Sequence[str]
) -> Iterator[Cause]:
    """Yield that a field, where it is there, has none of the values that are known."""
    if obj.get(field, known[0]) not in known:
        yield unsupported(at(path, field), obj[field], known)


def duplicate(path: str, value: Any) -> Cause:
    """Say that there is one of that name already."""
    return Cause("FieldValueDuplicate", path, f"Duplicate value: {_shown(value)}")


def absent(path: str, value: Any) -> Cause:
    """Say that what is referred to is not there."""
    return Cause("FieldValueNotFound", path, f"Not found: {_shown(value)}")


def denied(path: str, why: str) -> Cause:
    """Say that something may not be there."""
    return Cause("FieldValueForbidden", path, f"Forbidden: {why}")


def too_many(path: str, count: int, most: int) -> Cause:
    """Say how many there may be."""
    return Cause("FieldValueTooMany", path, f"Too many: {count}: must have at most {most} items")


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
