"""
Patches in three formats: JSON merge patch, JSON patch, strategic merge patch.

Pure functions from (object, patch) to a new object. Server-side apply is not among them, because it
depends on who owns which field: see ``apply``.

Source: RFC 7386, RFC 6902, and
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    bad_request,
    unprocessable_patch,
    unsupported_media_type,
)
from datacube_runtime.local.registry.strategic import strategic_merge
from datacube_runtime.local.registry.wire.scalars import json_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacube_runtime.local.registry.resources import Resource

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def apply_patch(
    patch_type: str, resource: Resource, obj: dict[str, Any], patch: Any
) -> dict[str, Any]:
    """
    Return the object as the patch would have it.

    :raises ApiStatusError: (415) the format is not spoken here, (400) the patch is malformed,
        (422) a JSON patch does not fit the object.
    """
    refuse_unknown_type(patch_type, resource)
    if patch_type == JSON:
        if not isinstance(patch, list):
            raise _not_a("[]handlers.jsonPatchOp", patch)
        return _json_patched(obj, patch)
    if not isinstance(patch, dict):
        raise _not_a("map[string]interface {}", patch)
    if patch_type == STRATEGIC:
        patched: dict[str, Any] = strategic_merge(obj, patch)
        return patched
    merged: dict[str, Any] = merge(obj, patch)
    return merged


def _not_a(wanted: str, patch: Any) -> ApiStatusError:
    found = json_name(patch)
    return bad_request(
        f"error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}"
    )


def refuse_unknown_type(patch_type: str, resource: Resource) -> None:
    """
    Make sure that a patch is in a format that is spoken here.

    :raises ApiStatusError: (415) it is not.
    """
    spoken = [JSON, MERGE] if resource.is_custom else [JSON, MERGE, STRATEGIC]
    if patch_type not in (*spoken, APPLY):
        raise unsupported_media_type([*spoken, APPLY])


def merge(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _json_patched(obj: dict[str, Any], operations: Sequence[Any]) -> dict[str, Any]:
    """Apply a JSON patch (RFC 6902); whatever does not fit is one and the same refusal."""
    holder = {"": copy.deepcopy(obj)}
    try:
        for operation in operations:
            _operate(holder, operation)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        raise unprocessable_patch() from None
    if not isinstance(holder[""], dict):
        raise unprocessable_patch()
    return holder[""]


def _operate(holder: dict[str, Any], operation: dict[str, Any]) -> None:
    name, path = operation["op"], _tokens(operation["path"])
    if name in ("add", "replace"):
        if name == "replace":
            _read(holder, path)
        _write(holder, path, operation["value"], insert=name == "add")
    elif name == "remove":
        _take(holder, path)
    elif name == "move":
        _write(holder, path, _take(holder, _tokens(operation["from"])), insert=True)
    elif name == "copy":
        value = copy.deepcopy(_read(holder, _tokens(operation["from"])))
        _write(holder, path, value, insert=True)
    elif name == "test":
        if _read(holder, path) != operation["value"]:
            raise ValueError(path)
    else:
        raise ValueError(name)


def _tokens(pointer: str) -> list[str]:
    """Return the steps of a JSON pointer, from the holder of the whole object."""
    if pointer and not pointer.startswith("/"):
        raise ValueError(pointer)
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")]


def _read(holder: Any, path: Sequence[str]) -> Any:
    for token in path:
        holder = holder[_index(token)] if isinstance(holder, list) else holder[token]
    return holder


def _write(holder: Any, path: Sequence[str], value: Any, *, insert: bool) -> None:
    parent, last = _read(holder, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif not insert:
        parent[_index(last)] = value
    else:
        index = len(parent) if last == "-" else _index(last)
        if index > len(parent):
            raise IndexError(last)
        parent.insert(index, value)


def _take(holder: Any, path: Sequence[str]) -> Any:
    parent, last = _read(holder, path[:-1]), path[-1]
    return parent.pop(_index(last) if isinstance(parent, list) else last)


def _index(token: str) -> int:
    if not token.isdecimal():
        raise ValueError(token)
    return int(token)
