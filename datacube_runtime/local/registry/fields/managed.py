"""
``metadata.managedFields``: which manager owns which fields, kept true with every write.

A manager is known by its name, its operation, its subresource and, where it updates, its version.
What it writes becomes its own and nobody else's, unless somebody applies the same value. An object
whose list is empty is not followed until somebody applies it: so it is when a client empties the
list on purpose, and with objects from before ownership was kept.

Source: k8s.io/apimachinery, pkg/util/managedfields/internal
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry.fields.ownership import compare
from datacube_runtime.local.registry.fields.sets import (
    difference,
    intersection,
    is_well_formed,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.registry.fields.sets import Fields
    from datacube_runtime.local.registry.fields.types import Type

Entry = dict[str, Any]
Entries = list[Entry]

APPLY, UPDATE = "Apply", "Update"
BEFORE_APPLY = "before-first-apply"
_ANCIENT = "ancient-changes"
_MAX_UPDATERS = 10
_OWNED_METADATA = ("generateName", "labels", "annotations", "finalizers", "ownerReferences")
_BLANK_SPEC: dict[str, Any] = {"containers": None}
_BLANK: dict[str, Any] = {
    "metadata": {},
    "spec": {
        **_BLANK_SPEC,
        "template": {"metadata": {}, "spec": _BLANK_SPEC},
        "resources": {},
        "names": {},
    },
    "source": {},
    "status": {},
}
"""What even an empty built-in object holds, being a Go struct: nobody adds it."""
_BLANK_CUSTOM: dict[str, Any] = {"metadata": {}}


@dataclass(frozen=True)
class Author:
    """Who writes, and how: what identifies an entry."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""

    def wrote(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether an entry is this author's. One who applies is the same in every version."""
        return (
            entry.get("manager", "") == self.manager
            and entry["operation"] == self.operation
            and entry.get("subresource", "") == self.subresource
            and (self.operation == APPLY or entry["apiVersion"] == self.api_version)
        )

    def entry(self, fields: Fields, time: str | None) -> Entry:
        """Return the entry of this author."""
        said = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
            "subresource": self.subresource,
        }
        return {key: value for key, value in said.items() if value or key == "fieldsV1"}


def owned_part(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object as far as fields can have an owner."""
    meta = obj.get("metadata") or {}
    part = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}
    part["metadata"] = {key: meta[key] for key in _OWNED_METADATA if key in meta}
    return part


def blank(*, is_custom: bool) -> dict[str, Any]:
    """Return what an object is before anybody wrote to it."""
    return _BLANK_CUSTOM if is_custom else _BLANK


def begun(author: Author, fields: Fields, time: str) -> Entries:
    """Return the entries of an object that somebody created with these fields."""
    return [author.entry(fields, time)] if fields else []


def rewritten(
    entries: Entries, author: Author, change: tuple[Fields, Fields], time: str
) -> Entries:
    """Return the entries after a write that (touched, removed) fields."""
    touched, removed = change
    result = taken(entries, touched, removed)
    if touched:
        own = next((entry for entry in result if author.wrote(entry)), None)
        fields = touched if own is None else union(own["fieldsV1"], touched)
        result = [entry for entry in result if entry is not own]
        result.append(author.entry(fields, time))
    return in_order(_capped(result)) if len(result) > 1 else result


def taken(
    entries: Sequence[Entry], touched: Fields, removed: Fields, keeper: Author | None = None
) -> Entries:
    """Return the entries without fields that now are another's, or gone; but for the keeper's."""
    result = []
    for entry in entries:
        if keeper is not None and keeper.wrote(entry):
            result.append(entry)
            continue
        left = difference(entry["fieldsV1"], touched)
        left = difference(left, removed) if removed else left
        if left:
            result.append({**entry, "fieldsV1": left})
    return result


def conflicts(
    entries: Sequence[Entry], touched: Fields, author: Author
) -> list[tuple[Entry, Fields]]:
    """Return which others own what would change."""
    others = [entry for entry in entries if not author.wrote(entry)]
    shared = [(entry, intersection(entry["fieldsV1"], touched)) for entry in others]
    return [(entry, fields) for entry, fields in shared if fields]


def in_order(entries: Entries) -> Entries:
    """Return the entries as a real server shows them: those who apply first, then by time."""
    return sorted(
        entries,
        key=lambda entry: (
            entry["operation"],
            entry.get("time", ""),
            entry.get("manager", ""),
            entry["apiVersion"],
            entry.get("subresource", ""),
        ),
    )


def said(written: Any, live: Entries) -> Entries:
    """
    Return the entries to go on from: what a client wrote, where it is more than nothing.

    Clients send back what they read; kubectl rewrites the list when it changes from client-side to
    server-side apply; a list with one empty entry means to forget all of it.
    """
    if written == live:
        return live
    if written == [{}]:
        return []
    if not written or not isinstance(written, list) or not all(map(_is_sound, written)):
        return live
    return [
        {**entry, "time": _zulu(entry["time"])} if "time" in entry else entry
        for entry in written
        if entry.get("fieldsV1")
    ]


def from_before(
    live: Mapping[str, Any], kind: Type, author: Author, time: str, *, is_custom: bool
) -> Entries:
    """Return the entries of an object that was not followed until now: all is one manager's."""
    fields, _ = compare(kind, blank(is_custom=is_custom), dict(live))
    return begun(author, fields, time)


def _is_sound(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("operation") in (APPLY, UPDATE)
        and entry.get("fieldsType") == "FieldsV1"
        and all(isinstance(entry.get(key, ""), str) for key in ("manager", "subresource"))
        and isinstance(entry.get("apiVersion"), str)
        and is_well_formed(entry.get("fieldsV1", {}))
        and _zulu(entry.get("time", "1970-01-01T00:00:00Z")) != ""
    )


def _zulu(time: Any) -> str:
    """Return a time in the only form that is stored; empty where it is none."""
    try:
        return timestamp(datetime.fromisoformat(time).astimezone(UTC))
    except (TypeError, ValueError):
        return ""


def _capped(entries: Entries) -> Entries:
    """Return the entries with the oldest of too many updaters made one."""
    updaters = [entry for entry in entries if entry["operation"] == UPDATE]
    surplus = len(updaters) - _MAX_UPDATERS
    if surplus <= 0:
        return entries
    updaters = in_order(updaters)
    oldest = updaters[: surplus + 1]
    fields: Fields = {}
    for entry in oldest:
        fields = union(fields, entry["fieldsV1"])
    last = oldest[-1]
    ancient = Author(_ANCIENT, UPDATE, last["apiVersion"]).entry(fields, last.get("time"))
    return [*(entry for entry in entries if entry not in oldest), ancient]
