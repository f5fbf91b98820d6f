"""
What changes nothing: get, list and watch, over a store.

Objects come out as copies, in the version that was asked for. Everything is synchronous but
``watch``, and must be called from the one thread of the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import expired, not_found
from datacube_runtime.local.registry.jsontext import decoded
from datacube_runtime.local.registry.store import ForgottenError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractContextManager

    from datacube_runtime.local.registry.recent import Event
    from datacube_runtime.local.registry.resources import Catalog, Resource
    from datacube_runtime.local.registry.store import Store
    from datacube_runtime.local.registry.tables import Rows

Object = dict[str, Any]
Objects = list[Object]


class Reader:
    """Objects as they are, were, and become."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self.catalog = catalog
        self._store = store

    def resource(self, group: str, plural: str) -> Resource:
        """Return what the verbs take: ``resource("batch", "jobs")``."""
        return self.catalog.resource(group, plural)

    def version(self) -> int:
        """Return the current resourceVersion."""
        return self._store.version

    def get(self, resource: Resource, namespace: str | None, name: str) -> dict[str, Any]:
        """Return an object."""
        found = self._store.get(resource.key, namespace or "", name)
        if found is None:
            raise not_found(resource, name)
        return _shown(resource, found)

    def list(self, resource: Resource, namespace: str | None = None) -> Objects:
        """Return all objects of a namespace, or of all namespaces."""
        return [_shown(resource, row.object) for row in self._store.list(resource.key, namespace)]

    def rows(self, resource: Resource, namespace: str | None, at: int | None) -> Rows:
        """
        Return the same as JSON text, now or as it was at a version.

        :raises ApiStatusError: (410) that version is no longer remembered.
        """
        try:
            return self._store.list(resource.key, namespace, at)
        except ForgottenError as error:
            raise expired("The resourceVersion for the provided list is too old.") from error

    async def watch(
        self, resource: Resource, namespace: str | None, since: int
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """
        Yield every change after a version as ("ADDED" | "MODIFIED" | "DELETED", object); forever.

        :raises ApiStatusError: (410) the version is no longer remembered: list again.
        """
        with self.subscribed(resource) as changed:
            while True:
                changed.clear()
                for event in self.changes(resource, namespace, since):
                    since = event.version
                    yield event.kind, _shown(resource, decoded(event.body))
                await changed.wait()

    def changes(self, resource: Resource, namespace: str | None, since: int) -> Iterator[Event]:
        """
        Yield what changed after a version, as raw events that remember the object before.

        :raises ApiStatusError: (410) the version is no longer remembered.
        """
        try:
            yield from self._store.changes(resource.key, namespace, since)
        except ForgottenError as error:
            raise expired(f"too old resource version: {since} ({error.oldest})") from error

    def subscribed(self, resource: Resource) -> AbstractContextManager[asyncio.Event]:
        """Return a context whose event is set whenever an object of the resource changed."""
        return self._store.subscribed(resource.key)


def _shown(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object in the version that was asked for: all versions are stored as one."""
    return {**obj, "apiVersion": resource.api_version}
