"""
Lists: which objects, as of which version, in pages that fit together.

A ``continue`` token says at which version the first page was read and where it ended. The next
page is rebuilt from the log as of that same version, so a list in pages is one list, whatever
happens in between; once the log no longer reaches back, the answer is 410 and the client begins
again.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.errors import bad_request, version_too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Row

_TOKEN_VERSION = "meta.k8s.io/v1"  # noqa: S105 - a format, not a secret


@dataclass(frozen=True)
class Page:
    """What a list request asks for."""

    at: int | None = None
    limit: int = 0
    after: str = ""
    """The last object of the page before, as ``namespace/name``."""


def read_page(query: Mapping[str, str], current: int) -> Page:
    """
    Return which page a query asks for.

    :raises ApiStatusError: (400) the query makes no sense, (504) it asks for the future.
    """
    limit = _number(query.get("limit", "") or "0", "limit")
    if token := query.get("continue", ""):
        return _continued(token, limit)
    text = query.get("resourceVersion", "")
    if not text:
        return Page(limit=limit)
    if not text.isdecimal():
        problem = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f"invalid resource version: resourceVersion: {problem}")
    if int(text) > current:
        raise version_too_large(int(text), current)
    is_exact = query.get("resourceVersionMatch") == "Exact"
    return Page(at=int(text) if is_exact else None, limit=limit)


def listed(
    registry: Registry, resource: Resource, namespace: str | None, query: Mapping[str, str]
) -> dict[str, Any]:
    """
    Return the list that a query asks for.

    :raises ApiStatusError: (400) the query makes no sense, (410) the version is forgotten.
    """
    wanted = selector(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    page = read_page(query, registry.version())
    version = registry.version() if page.at is None else page.at
    rows = registry.rows(resource, namespace, page.at)
    rows = [row for row in rows if _place(row) > page.after]
    items: list[dict[str, Any]] = []
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    for seen, row in enumerate(rows):
        if page.limit and len(items) == page.limit:
            meta["continue"] = _token(version, _place(rows[seen - 1]))
            if wanted is None:
                meta["remainingItemCount"] = len(rows) - seen
            break
        if wanted is None or wanted(row.object):
            items.append(_item(resource, row))
    return {
        "kind": resource.list_name,
        "apiVersion": resource.api_version,
        "metadata": meta,
        "items": items,
    }


def _item(resource: Resource, row: Row) -> dict[str, Any]:
    """Return an object as it stands in a list: built-in ones leave out what the list says."""
    obj = row.object
    if resource.is_custom:
        return {**obj, "apiVersion": resource.api_version}
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _place(row: Row) -> str:
    return f"{row.namespace}/{row.name}"


def _token(version: int, after: str) -> str:
    text = json.dumps({"v": _TOKEN_VERSION, "rv": version, "start": f"{after}\0"})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _continued(token: str, limit: int) -> Page:
    try:
        said = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return Page(at=int(said["rv"]), limit=limit, after=str(said["start"]).rstrip("\0"))
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request("invalid continue token: continue key is not valid") from error


def _number(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        message = f'unable to decode query parameter "{name}": strconv.ParseInt: parsing "{text}"'
        raise bad_request(f"{message}: invalid syntax") from None
