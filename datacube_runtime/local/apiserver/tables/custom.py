"""
The columns of custom resources: those that the definition asks for, else how old they are.

Source: New and cellForJSONValue in k8s.io/apiextensions-apiserver/pkg/registry/customresource/
tableconvertor/tableconvertor.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.tables.cells import Column, age, at, column
from datacube_runtime.local.apiserver.tables.jsonpaths import read_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from datacube_runtime.local.apiserver.tables.cells import Object

_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def custom_columns(columns: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the name's column and those of ``additionalPrinterColumns``."""
    return [column("Name", at(".metadata.name")), *(_column(said) for said in columns or [_AGE])]


def _column(said: Mapping[str, Any]) -> Column:
    path, kind = said["jsonPath"], said["type"]
    definition = {
        "name": said["name"],
        "type": kind,
        "format": said.get("format", ""),
        "description": said.get("description")
        or f"Custom resource definition column (in JSONPath format): {path}",
        "priority": said.get("priority", 0),
    }

    def cell(obj: Object, now: datetime) -> Any:
        return cell_of(kind, read_path(path, obj), now)

    return Column(definition, cell)


def cell_of(kind: str, value: Any, now: datetime) -> Any:
    """Return a value as a column's type has it; None where it does not fit."""
    if value is None:
        return None
    if kind == "string":
        return _text(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date":
        return _age(value, now) if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if kind == "integer" else float(value)


def _text(value: Any) -> str:
    """Return any value as text, as a path's result is printed."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _age(value: str, now: datetime) -> str:
    try:
        return age(value, now)
    except (ValueError, TypeError):  # no time, or one that does not say of which zone
        return "<invalid>"
