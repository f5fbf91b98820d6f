"""
The verbs: create, get, list, update, patch, delete and watch, with the rules they have in common.

What is particular to a kind stands in ``kinds`` (built in) and ``custom`` (by definition); what
follows from a delete stands in ``deletion``, who owns which field in ``owners``, and what changes
nothing in ``reader``. The HTTP server and the runner are both callers of this class, so a rule
that holds here holds for everybody. Objects go in and out as copies: nobody shares a dict with the
store.

Everything is synchronous but ``watch``, and must be called from the one thread of the event loop.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry import metadata, owners
from datacube_runtime.local.registry.definitions import Definitions
from datacube_runtime.local.registry.deletion import FIRST_NAMESPACES, Deletion
from datacube_runtime.local.registry.errors import (
    already_exists,
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
from datacube_runtime.local.registry.owners import Owners
from datacube_runtime.local.registry.patches import APPLY, MERGE, apply_patch
from datacube_runtime.local.registry.reader import Reader
from datacube_runtime.local.registry.resources import DEFINITIONS, NAMESPACES, PODS, Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.local.registry.kind import Kind
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Store

Object = dict[str, Any]
Objects = list[Object]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry(Reader):
    """Objects under the rules of the API, over a store."""

    def __init__(self, store: Store, now: Callable[[], datetime] = _utc_now) -> None:
        super().__init__(store, Catalog())
        self._now = now
        self._definitions = Definitions(self.catalog)
        self._owners = Owners(now)
        self._deletion = Deletion(store, self.catalog, now, self._after_removal)
        for row in store.list(DEFINITIONS.key, ""):
            self._definitions.learn(row.object)
        for name in FIRST_NAMESPACES:
            if store.get(NAMESPACES.key, "", name) is None:
                self.create(NAMESPACES, None, {"metadata": {"name": name}})

    def create(
        self,
        resource: Resource,
        namespace: str | None,
        obj: dict[str, Any],
        write: Write | None = None,
    ) -> dict[str, Any]:
        """Create an object, its name made up from ``generateName`` where it has none."""
        write, sent = write or Write(), obj
        obj = copy.deepcopy(sent)
        kind = self._kind(resource)
        check_identity(resource, namespace, obj)
        self._check_namespace(resource, namespace)
        begin(resource, kind, obj, timestamp(self._now()))
        generated = self._owners.generated(resource, kind, sent, obj)
        kind.admit(obj, write)
        refuse_if_invalid(resource, kind, obj, None)
        self._owners.begin(resource, kind, obj, generated, write)
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
        write = write or Write()
        write.subresource = subresource
        return self._replace(resource, old, obj, write)

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
        write = write or Write()
        write.subresource, write.applies = subresource, patch_type == APPLY
        if write.applies and not self._store.get(resource.key, namespace or "", name):
            return self._create_applied(resource, namespace, name, patch, write)
        old = self.get(resource, namespace, name)
        if write.applies:
            application = self._owners.application(resource, self._kind(resource), write)
            obj = application.on(old, application.checked(namespace, patch))
        else:
            obj = apply_patch(patch_type, resource, owners.copied(old), patch)
        check_identity(resource, namespace, obj)
        meta = metadata.clean(obj)
        if meta.get("name") != name:
            raise other_name(meta.get("name", ""), name)
        return self._replace(resource, old, obj, write)

    def _create_applied(
        self, resource: Resource, namespace: str | None, name: str, config: Any, write: Write
    ) -> dict[str, Any]:
        """Create what is applied and was not there."""
        if write.subresource:
            raise not_found(resource, name)
        self._check_namespace(resource, namespace)
        application = self._owners.application(resource, self._kind(resource), write)
        obj = application.first(name, application.checked(namespace, config))
        write.has_created = True
        return self.create(resource, namespace, obj, write)

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
        if name in self._kind(resource).permanent:
            raise forbidden(resource, name, f"this {resource.kind.lower()} may not be deleted")
        obj = self.get(resource, namespace, name)
        options.check(resource, obj["metadata"])
        if options.dry_run:
            return success(resource, name, obj["metadata"]["uid"])
        with self._store.transaction():
            is_gone = self._deletion.delete(resource, obj, options)
        if is_gone and not self._kind(resource).answers_deleted:
            return success(resource, name, obj["metadata"]["uid"])
        return obj

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
        write: Write,
    ) -> dict[str, Any]:
        """Write ``new`` over ``old`` as far as the endpoint allows; no change writes nothing."""
        kind, entries = self._kind(resource), new["metadata"].pop("managedFields", None)
        new = merged(resource, old, new, write.subresource)
        self._owners.take_over(new, old, entries, write)
        kind.admit(new, write)
        refuse_if_invalid(resource, kind, new, old)
        if finished(kind, new, old, write) is not None:
            self._owners.follow(resource, kind, (old, new), write)
            with self._store.transaction():
                is_marked = "deletionTimestamp" in new["metadata"]
                if not (is_marked and self._deletion.settle(resource, owners.copied(new))):
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
