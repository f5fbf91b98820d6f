"""
The verbs: create, get, list, update, patch, delete and watch, with the rules they have in common.

What is particular to a kind stands in ``kinds`` (built in) and ``custom`` (by definition); what
follows from a delete stands in ``removal``, who owns which field in ``fields``, and what changes
nothing in ``reader``. The HTTP server and the runner are both callers of this class, so a rule
that holds here holds for everybody. Objects go in and out as copies: nobody shares a dict with the
store.

Everything is synchronous but ``watch``, and must be called from the one thread of the event loop.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry.bindings import Bindings
from datacube_runtime.local.registry.custom.definitions import Definitions
from datacube_runtime.local.registry.entrance import Entrance
from datacube_runtime.local.registry.errors import (
    forbidden,
    not_found,
    success,
)
from datacube_runtime.local.registry.events import spoken
from datacube_runtime.local.registry.fields import owners
from datacube_runtime.local.registry.fields.owners import Owners
from datacube_runtime.local.registry.jsontext import copied
from datacube_runtime.local.registry.kinds.builtin import BUILT_IN_KINDS
from datacube_runtime.local.registry.lifecycle import (
    begin,
    check_replacement,
    finished,
    merged,
    refuse_if_invalid,
    warn_of_finalizers,
)
from datacube_runtime.local.registry.metadata import rules as metadata
from datacube_runtime.local.registry.options import Delete, Propagation, Write
from datacube_runtime.local.registry.patches import APPLY, MERGE, apply_patch
from datacube_runtime.local.registry.reader import Reader
from datacube_runtime.local.registry.removal.collector import Collector
from datacube_runtime.local.registry.removal.deletion import FIRST_NAMESPACES, is_marked
from datacube_runtime.local.registry.resources import DEFINITIONS, NAMESPACES, Catalog
from datacube_runtime.local.registry.store import TakenError
from datacube_runtime.local.registry.wire.identity import check_identity, other_name

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

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime] = _utc_now,
        make_name: Callable[[str], str] = metadata.generated_name,
    ) -> None:
        super().__init__(store, Catalog())
        self._now = now
        self._definitions = Definitions(self.catalog)
        self._entrance = Entrance(store, self._definitions, make_name)
        self._owners = Owners(now)
        self.bindings = Bindings(store, now)
        self._collector = Collector(store, self.catalog, now, self._after_deletion)
        for row in store.list(DEFINITIONS.key, ""):
            self._definitions.learn(row.object)
        with store.transaction():
            self._collector.resume()
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
        obj = copied(sent)
        kind = self._kind(resource)
        check_identity(resource, namespace, obj, write)
        name = obj["metadata"].get("name", "")
        self._entrance.check_namespace(resource, namespace, name)
        self._entrance.check_definition(resource, name)
        make_name = partial(self._entrance.free_name, resource, namespace)
        begin(resource, kind, obj, timestamp(self._now()), make_name)
        generated = self._owners.generated(resource, kind, sent, obj)
        kind.admit(obj, write)
        refuse_if_invalid(resource, kind, obj, None, write)
        warn_of_finalizers(resource, obj, {}, write)
        self._owners.begin(resource, kind, obj, generated, write)
        if write.dry_run:
            self._entrance.refuse_taken(resource, namespace, obj["metadata"])
            return obj
        try:
            self._add(resource, obj)
        except TakenError:
            self._entrance.refuse_taken(resource, namespace, obj["metadata"])
            raise
        return obj

    def _add(self, resource: Resource, obj: dict[str, Any]) -> None:
        with self._store.transaction():
            self._store.add(resource.key, obj)
            if resource == DEFINITIONS:
                self._definitions.learn(obj)
            self._collector.written(resource, obj, None)
            self._collector.work()

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
        obj, write = copied(obj), write or Write()
        write.subresource = subresource
        check_identity(resource, namespace, obj, write)
        meta = metadata.clean(obj)
        if meta.setdefault("name", name) != name:
            raise other_name(meta["name"], name)
        old = self.get(resource, namespace, name)
        check_replacement(resource, self._kind(resource), meta, old)
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
        write.is_patch = not write.applies
        if write.applies and not self._store.get(resource.key, namespace or "", name):
            return self._create_applied(resource, namespace, name, patch, write)
        old = self.get(resource, namespace, name)
        if write.applies:
            application = self._owners.application(resource, self._kind(resource), write)
            obj = application.on(old, application.checked(namespace, patch))
        else:
            said = spoken(owners.copied(old), write.version)
            obj = apply_patch(patch_type, resource, said, patch)
        check_identity(resource, namespace, obj, write)
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
        self._entrance.check_namespace(resource, namespace, name)
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
        with self._store.transaction():
            is_gone = self._collector.deletion.delete(resource, obj, options)
            self._collector.work()
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

    def _replace(
        self,
        resource: Resource,
        old: dict[str, Any],
        new: dict[str, Any],
        write: Write,
    ) -> dict[str, Any]:
        """Write ``new`` over ``old`` as far as the endpoint allows; no change writes nothing."""
        kind, entries = self._kind(resource), new["metadata"].pop("managedFields", None)
        new = merged(resource, kind, old, new, write.subresource)
        self._owners.take_over(new, old, entries, write)
        kind.admit(new, write)
        refuse_if_invalid(resource, kind, new, old, write)
        warn_of_finalizers(resource, new, old["metadata"], write)
        if finished(kind, new, old) is None:
            return new
        self._owners.follow(resource, kind, (old, new), write)
        if not write.dry_run:
            with self._store.transaction():
                deletion = self._collector.deletion
                if not (is_marked(new) and deletion.settle(resource, owners.copied(new))):
                    self._store.put(resource.key, new)
                    if resource == DEFINITIONS:
                        self._definitions.learn(new)
                self._collector.written(resource, new, old)
                self._collector.work()
        return new

    def _after_deletion(self, resource: Resource, obj: dict[str, Any], is_gone: bool) -> None:  # noqa: FBT001 - a callback
        if resource == DEFINITIONS:
            (self._definitions.forget if is_gone else self._definitions.close_if_marked)(obj)
