"""
References to owners: complete, of a kind that may own, and but one controller among them.

Source: ``ValidateOwnerReferences`` in k8s.io/apimachinery/pkg/api/validation/objectmeta.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
_PATH = "metadata.ownerReferences"
_EMPTY = {
    "apiVersion": "version must not be empty",
    "kind": "must not be empty",
    "name": "must not be empty",
    "uid": "must not be empty",
}


def owner_problems(owners: Sequence[Mapping[str, Any]]) -> list[Cause]:
    """Return what is wrong with the owners of an object."""
    found: list[Cause] = []
    controller = ""
    for owner in owners:
        found += _own_problems(owner)
        if owner.get("controller") is not True:
            continue
        name = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if controller:
            found.append(_invalid([_ordered(o) for o in owners], _twice(controller, name)))
        else:
            controller = name
    return found


def _own_problems(owner: Mapping[str, Any]) -> Iterator[Cause]:
    for field, problem in _EMPTY.items():
        if not owner.get(field):
            yield _invalid("", problem, f"{_PATH}.{field}")
    if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
        yield _invalid(_ordered(owner), "/v1, Kind=Event is disallowed from being an owner")


def _twice(first: str, second: str) -> str:
    return (
        "Only one reference can have Controller set to true. "
        f'Found "true" in references for {first} and {second}'
    )


def _ordered(owner: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reference as Go writes it: the four names always, what is not said not at all."""
    said = {field: owner.get(field, "" if field in _EMPTY else None) for field in _FIELDS}
    return {field: value for field, value in said.items() if value is not None}


def _invalid(value: Any, problem: str, path: str = _PATH) -> Cause:
    shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Cause("FieldValueInvalid", path, f"Invalid value: {shown}: {problem}")
