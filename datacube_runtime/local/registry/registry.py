"""
The verbs: create, get, list, update, patch, delete and watch, with the rules they have in common.

What is particular to a kind stands in ``kinds`` (built in) and ``custom`` (by definition); what
follows from a delete stands in ``deletion``. The HTTP server and the runner are both callers of
this class, so a rule that holds here holds for everybody. Objects go in and out as copies: nobody
shares a dict with the store.

Everything is synchronous but ``watch``, and must be called from the one thread of the event loop.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry import metadata
from datacube_runtime.local.registry.definitions import Definitions
from datacube_runtime.local.registry.deletion import FIRST_NAMESPACES, Deletion
from datacube_runtime.local.registry.errors import (
    already_exists,
    expired,
    forbidden,
    not_found,
    success,
)
from datacube_runtime.local.registry.identity import check_identity, other_name
from datacube_runtime.local.registry.kinds import BUILT_IN_KINDS
from datacube_runtime.local.registry.lifecycle import (
    begin,
    check_replacement,
    finished,
    merged,
    refuse_if_invalid,
)
from datacube_runtime.local.registry.options import Delete, Propagation, Write
from datacube_runtime.local.registry.patches import MERGE, apply_patch
from datacube_runtime.local.registry.resources import DEFINITIONS, NAMESPACES, PODS, Catalog
from datacube_runtime.local.registry.store import ForgottenError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from datacube_runtime.local.registry.kind import Kind
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Event, Rows, Store

Object = dict[str, Any]
Objects = list[Object]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """Objects under the rules of the API, over a store."""

    def __init__(self, store: Store, now: Callable[[], datetime] = _utc_now) -> None:
        self.catalog = Catalog()
        self._store = store
        self._now = now
        self._definitions = Definitions(self.catalog)
        self._deletion = Deletion(store, self.catalog, now, self._after_removal)
        for row in store.list(DEFINITIONS.key, ""):
            self._definitions.learn(row.object)
        for name in FIRST_NAMESPACES:
            if store.get(NAMESPACES.key, "", name) is None:
                self.create(NAMESPACES, None, {"metadata": {"name": name}})

    def resource(self, group: str, plural: str) -> Resource:
        """Return what the verbs take: ``resource("batch", "jobs")``."""
        return self.catalog.resource(group, plural)

    def version(self) -> int:
        """Return the current resourceVersion."""
        return self._store.version

    def create(
        self,
        resource: Resource,
        namespace: str | None,
        obj: dict[str, Any],
        write: Write | None = None,
    ) -> dict[str, Any]:
        """Create an object, its name made up from ``generateName`` where it has none."""
        write = write or Write()
        obj = copy.deepcopy(obj)
        kind = self._kind(resource)
        check_identity(resource, namespace, obj)
        self._check_namespace(resource, namespace)
        begin(resource, kind, obj, timestamp(self._now()))
        kind.admit(obj, write)
        refuse_if_invalid(resource, kind, obj, None)
        meta = obj["metadata"]
        if self._store.get(resource.key, namespace or "", meta["name"]) is not None:
            raise already_exists(resource, meta["name"])
        if write.dry_run:
            return obj
        with self._store.transaction():
            self._store.put(resource.key, obj)
            self._after_write(resource, obj)
            self._deletion.collect_if_dangling(resource, obj)
        return obj

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
            message = "The provided continue parameter or resource version is too old"
            raise expired(f"{message}: {at} ({error.oldest})") from error

    def update(  # noqa: PLR0913 - what, where, which, and how
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        obj: dict[str, Any],
        *,
        subresource: str = "",
        write: Write | None = None,
    ) -> dict[str, Any]:
        """Replace an object (or only its status, by subresource)."""
        obj = copy.deepcopy(obj)
        check_identity(resource, namespace, obj)
        meta = metadata.clean(obj)
        if meta.setdefault("name", name) != name:
            raise other_name(meta["name"], name)
        old = self.get(resource, namespace, name)
        check_replacement(resource, self._kind(resource), meta, old)
        return self._replace(resource, old, obj, subresource, write or Write())

    def patch(  # noqa: PLR0913 - the same, and in which format
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        patch: Any,
        *,
        subresource: str = "",
        patch_type: str = MERGE,
        write: Write | None = None,
    ) -> dict[str, Any]:
        """Change an object by a patch: JSON merge patch, unless ``patch_type`` says otherwise."""
        old = self.get(resource, namespace, name)
        obj = apply_patch(patch_type, resource, copy.deepcopy(old), patch)
        check_identity(resource, namespace, obj)
        meta = metadata.clean(obj)
        if meta.get("name") != name:
            raise other_name(meta.get("name", ""), name)
        return self._replace(resource, old, obj, subresource, write or Write())

    def delete(  # noqa: PLR0913 - the fields of DeleteOptions
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        propagation: str | None = None,
    ) -> dict[str, Any]:
        """Delete an object; see ``delete_with``."""
        how = Propagation(propagation) if propagation else None
        options = Delete(grace_period_seconds=grace_period_seconds, uid=uid, propagation=how)
        return self.delete_with(resource, namespace, name, options)

    def delete_with(
        self, resource: Resource, namespace: str | None, name: str, options: Delete
    ) -> dict[str, Any]:
        """
        Delete an object, or mark it as deleted while finalizers or a running pod keep it.

        Returns the object where it is still there (or its kind is always answered so), else a
        Status.
        """
        obj = self.get(resource, namespace, name)
        options.check(resource, obj["metadata"])
        if options.dry_run:
            return success(resource, name, obj["metadata"]["uid"])
        with self._store.transaction():
            is_gone = self._deletion.delete(resource, obj, options)
        if is_gone and not self._kind(resource).answers_deleted:
            return success(resource, name, obj["metadata"]["uid"])
        return obj

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
                    yield event.kind, _shown(resource, json.loads(event.body))
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

    def columns(self, resource: Resource) -> Objects:
        """Return the printer columns of a custom resource."""
        return self._definitions.columns(resource)

    def schemas(self) -> dict[Resource, Mapping[str, Any]]:
        """Return the schema of each custom resource."""
        return self._definitions.schemas()

    def _kind(self, resource: Resource) -> Kind:
        if resource.is_custom:
            return self._definitions.kind(resource)
        return BUILT_IN_KINDS[resource.key]

    def _check_namespace(self, resource: Resource, namespace: str | None) -> None:
        if not resource.namespaced:
            return
        found = self.get(NAMESPACES, None, namespace or "")
        if "deletionTimestamp" in found["metadata"]:
            why = "unable to create new content in namespace {} because it is being terminated"
            raise forbidden(resource, "", why.format(namespace))

    def _replace(
        self,
        resource: Resource,
        old: dict[str, Any],
        new: dict[str, Any],
        subresource: str,
        write: Write,
    ) -> dict[str, Any]:
        """Write ``new`` over ``old`` as far as the endpoint allows; no change writes nothing."""
        kind = self._kind(resource)
        new = merged(resource, old, new, subresource)
        kind.admit(new, write)
        refuse_if_invalid(resource, kind, new, old)
        if finished(kind, new, old, write) is not None:
            with self._store.transaction():
                if not self._deletion.settle(resource, copy.deepcopy(new)):
                    self._store.put(resource.key, new)
                    self._after_write(resource, new)
        return new

    def _after_write(self, resource: Resource, obj: dict[str, Any]) -> None:
        if resource == DEFINITIONS:
            self._definitions.learn(obj)
        if resource == PODS:
            self._deletion.release_claims(obj["metadata"]["namespace"])

    def _after_removal(self, resource: Resource, obj: dict[str, Any]) -> None:
        if resource == DEFINITIONS:
            for gone in self._definitions.forget(obj):
                for row in self._store.list(gone.key, None):
                    self._store.remove(gone.key, row.object)


def _shown(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object in the version that was asked for: all versions are stored as one."""
    return {**obj, "apiVersion": resource.api_version}
