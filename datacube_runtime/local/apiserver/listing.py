"""
Lists: which objects, as of which version, in pages that fit together.

The next page is rebuilt from the log as of the version of the first, so a list in pages is one
list, whatever happens in between; once the log no longer reaches back, the answer is 410.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.pages import forgotten, read_page, token
from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.errors import ApiStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.apiserver.pages import Page
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.tables import Row, Rows


def listed(
    registry: Registry, resource: Resource, namespace: str | None, query: Mapping[str, str]
) -> dict[str, Any]:
    """
    Return the list that a query asks for.

    :raises ApiStatusError: (400, 422) the query makes no sense, (410) the version is forgotten.
    """
    wanted = selector(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    page = read_page(query, registry.version())
    version = registry.version() if page.at is None else page.at
    rows = [row for row in _rows(registry, resource, namespace, page) if _place(row) > page.after]
    items: list[dict[str, Any]] = []
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    for seen, row in enumerate(rows):
        if page.limit and len(items) == page.limit:
            meta["continue"] = token(version, _place(rows[seen - 1]))
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


def _rows(registry: Registry, resource: Resource, namespace: str | None, page: Page) -> Rows:
    try:
        return registry.rows(resource, namespace, page.at)
    except ApiStatusError as error:
        raise forgotten(page, error) from error


def _item(resource: Resource, row: Row) -> dict[str, Any]:
    """Return an object as it stands in a list: built-in ones leave out what the list says."""
    obj = row.object
    if resource.is_custom:
        return {**obj, "apiVersion": resource.api_version}
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _place(row: Row) -> str:
    return f"{row.namespace}/{row.name}"
