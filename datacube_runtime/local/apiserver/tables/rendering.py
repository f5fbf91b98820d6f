"""
Tables made of objects, and objects reduced to their metadata.

What a row carries beside its cells is the client's choice: nothing, the metadata, the object.

Source: asTable in k8s.io/apiserver/pkg/endpoints/handlers/response.go, TableOptions in
k8s.io/apimachinery/pkg/apis/meta/v1/types.go
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.tables import pods
from datacube_runtime.local.apiserver.tables.builtin import BUILT_IN_COLUMNS, OTHER_COLUMNS
from datacube_runtime.local.apiserver.tables.custom import custom_columns
from datacube_runtime.local.registry.errors import bad_request
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from datacube_runtime.local.apiserver.tables.cells import Column, Object
    from datacube_runtime.local.registry.resources import Resource

_INCLUDED = frozenset({"", "Metadata", "Object", "None"})


@dataclass(frozen=True)
class TableOptions:
    """How a table is asked for."""

    include: str = ""
    """What a row carries: ``Metadata`` (also if empty), ``Object``, ``None``."""

    has_headers: bool = True
    api_version: str = "meta.k8s.io/v1"


def table_options(query: Mapping[str, str], api_version: str) -> TableOptions:
    """
    Return what the query says of a table.

    :raises ApiStatusError: (400) it says what nobody knows.
    """
    include = query.get("includeObject", "")
    if include not in _INCLUDED:
        raise bad_request(
            "Unable to convert to Table as requested: includeObject: Invalid value: "
            f"\"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        )
    has_headers = query.get("noHeaders", "") not in ("true", "1")
    return TableOptions(include, has_headers, api_version)


def table(  # noqa: PLR0913 - of what, with which columns, how, and when
    resource: Resource,
    columns: Sequence[Mapping[str, Any]],
    objects: Iterable[Object],
    meta: Mapping[str, Any],
    now: datetime,
    *,
    options: TableOptions | None = None,
) -> dict[str, Any]:
    """Return a meta.k8s.io Table; ``columns`` are those of a custom resource."""
    options = options or TableOptions()
    built_in = BUILT_IN_COLUMNS.get(resource.key, OTHER_COLUMNS)
    shown = custom_columns(columns) if resource.is_custom else built_in
    return {
        "kind": "Table",
        "apiVersion": options.api_version,
        "metadata": dict(meta),
        "columnDefinitions": [c.definition for c in shown] if options.has_headers else None,
        "rows": [_row(resource, shown, obj, now, options) for obj in objects],
    }


def metadata_only(obj: Object, api_version: str = "meta.k8s.io/v1") -> dict[str, Any]:
    """Return a PartialObjectMetadata."""
    kind = {"kind": "PartialObjectMetadata", "apiVersion": api_version}
    return {**kind, "metadata": obj["metadata"]}


def _row(
    resource: Resource,
    shown: Iterable[Column],
    obj: Object,
    now: datetime,
    options: TableOptions,
) -> dict[str, Any]:
    if "name" not in obj["metadata"]:  # a bookmark: it says how far a watch has come, and no more
        return {"cells": [""] * len([*shown]), "object": _included(resource, obj, options)}
    row: dict[str, Any] = {"cells": [column.cell(obj, now) for column in shown]}
    if resource == PODS and (conditions := pods.row_conditions(obj)):
        row["conditions"] = conditions
    return {**row, "object": _included(resource, obj, options)}


def _included(resource: Resource, obj: Object, options: TableOptions) -> Object | None:
    if options.include == "None":
        return None
    if options.include == "Object":
        return {**obj, "kind": resource.kind, "apiVersion": resource.api_version}
    return metadata_only(obj, options.api_version)
