"""
What follows from a delete: dependents, owners that wait, namespaces, definitions, claims in use.

A real cluster has four controllers for this, which act a moment later. Here it is one, which works
until nothing is left to do, within the transaction of the change that gave it work: its changes are
events of their own, in a real server's order, but no kill can come between. It is level-based: what
is due is a list of objects to look at, and what to do with each follows from what is stored. So it
may look at anything at any time; at the start it looks at all that is marked, because an earlier
version, or another hand, may have left something half-done.

Source: k8s.io/kubernetes/pkg/controller/{garbagecollector,namespace,volume/pvcprotection},
k8s.io/apiextensions-apiserver/pkg/controller/finalizer, and
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.termination import CLEANUP, waiting
from datacube_runtime.local.registry.options import Delete, Propagation
from datacube_runtime.local.registry.removal.deletion import (
    CLAIM_IN_USE,
    FIRST_NAMESPACES,
    FOREGROUND,
    ORPHAN,
    Deletion,
    is_marked,
    without_finalizer,
)
from datacube_runtime.local.registry.removal.dependents import Dependents
from datacube_runtime.local.registry.removal.grace import is_over
from datacube_runtime.local.registry.resources import CLAIMS, DEFINITIONS, NAMESPACES, PODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from datacube_runtime.local.registry.resources import Catalog, Resource
    from datacube_runtime.local.registry.store import Store
    from datacube_runtime.local.registry.tables import Row

    Object = dict[str, Any]
    Place = tuple[str, str, str]

_BACKGROUND = Delete(propagation=Propagation.BACKGROUND)


class Collector:
    """Looks at objects, and does what their state asks for."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        now: Callable[[], datetime],
        on_change: Callable[[Resource, Object, bool], None],
    ) -> None:
        self.deletion = Deletion(store, now, self)
        self._store = store
        self._catalog = catalog
        self._on_change = on_change
        self._dependents = Dependents(store, catalog)
        self._due: deque[Place] = deque()

    def resume(self) -> None:
        """Take up what was left half-done."""
        for key in {resource.key for resource in self._catalog}:
            self._look_later(*self._store.terminating(key, None))
        self.work()

    def written(self, resource: Resource, obj: Object, old: Mapping[str, Any] | None) -> None:
        """Hear that a client wrote an object."""
        meta = obj["metadata"]
        owners = meta.get("ownerReferences", [])
        owners_before = old["metadata"].get("ownerReferences", []) if old else []
        if owners != owners_before:
            self._look_at_owners(owners_before)
            self._due.append(_place(resource, meta))
        elif is_marked(obj):
            self._due.append(_place(resource, meta))
        if resource == PODS:
            self._look_later(*self._store.terminating(CLAIMS.key, meta["namespace"]))

    def marked(self, resource: Resource, obj: Object) -> None:
        """Hear that an object is deleted and still there."""
        self._due.append(_place(resource, obj["metadata"]))
        self._on_change(resource, obj, False)  # noqa: FBT003 - is_gone

    def removed(self, resource: Resource, obj: Object) -> None:
        """Hear that an object is gone."""
        meta = obj["metadata"]
        self._look_later(*self._store.owned_by(meta["uid"]))
        self._look_at_owners(meta.get("ownerReferences", ()))
        if "namespace" in meta:
            self._due.append((NAMESPACES.key, "", meta["namespace"]))
        if resource == PODS:
            self._look_later(*self._store.terminating(CLAIMS.key, meta["namespace"]))
        if resource.is_custom:
            self._due.append((DEFINITIONS.key, "", resource.qualified))
        self._on_change(resource, obj, True)  # noqa: FBT003 - is_gone

    def work(self) -> None:
        """Look at all that is due, and at what becomes due meanwhile; each time but once."""
        while self._due:
            places, self._due = dict.fromkeys(self._due), deque()
            for key, namespace, name in places:
                obj, resource = self._store.get(key, namespace, name), self._catalog.keyed(key)
                if obj is not None and resource is not None:
                    self._look_at(resource, obj)

    def _look_at(self, resource: Resource, obj: Object) -> None:
        meta = obj["metadata"]
        if not is_marked(obj):
            self._look_at_dependent(resource, obj)
            return
        duties: Mapping[str, Callable[[Resource, Object], bool]] = {
            ORPHAN: self._has_orphaned,
            FOREGROUND: self._has_no_blockers,
            CLEANUP: self._has_no_instances,
            CLAIM_IN_USE: self._is_unused,
        }
        for finalizer in meta.get("finalizers", ()):
            if (is_done := duties.get(finalizer)) is not None and is_done(resource, obj):
                without_finalizer(meta, finalizer)
                if not self.deletion.settle(resource, obj):
                    self._put(resource, obj)
                return  # it is looked at again, as it is now
        if resource == NAMESPACES:
            self._empty(obj)

    def _look_at_dependent(self, resource: Resource, obj: Object) -> None:
        """Delete an object none of whose owners is there, or let it go from those that go."""
        if resource == NAMESPACES and obj["metadata"]["name"] in FIRST_NAMESPACES:
            return
        owners = obj["metadata"].get("ownerReferences", ())
        verdict = self._dependents.judge(obj)
        if verdict.is_changed:
            self._put(resource, obj)
            self._look_at_owners(owners)
        if verdict.propagation is not None:
            self.deletion.delete(resource, obj, Delete(propagation=verdict.propagation))

    def _has_orphaned(self, _resource: Resource, owner: Object) -> bool:
        for row in self._store.owned_by(owner["metadata"]["uid"]):
            if (resource := self._catalog.keyed(row.key)) is not None:
                obj = row.object
                self._dependents.release(obj, owner["metadata"]["uid"])
                self._put(resource, obj)
        return True

    def _has_no_blockers(self, _resource: Resource, owner: Object) -> bool:
        """Tell whether nothing is left that its owner waits for; see to the rest."""
        blockers = self._dependents.blocking(owner)
        self._look_later(*(row for row in blockers if not is_marked(row.object)))
        return not blockers

    def _has_no_instances(self, resource: Resource, definition: Object) -> bool:
        if resource != DEFINITIONS:
            return False
        spec = definition["spec"]
        key = f"{spec['group']}/{spec['names']['plural']}"
        rows = self._store.list(key, None)
        if rows and waiting(definition):
            self._put(resource, definition)
        for row in rows:
            self._delete_unmarked(row)
        return not self._store.list(key, None)

    def _is_unused(self, resource: Resource, claim: Object) -> bool:
        """Tell whether no pod uses a claim any more."""
        meta = claim["metadata"]
        return resource == CLAIMS and not any(
            volume.get("persistentVolumeClaim", {}).get("claimName") == meta["name"]
            for row in self._store.list(PODS.key, meta["namespace"])
            for pod in (row.object,)
            if not is_over(pod)
            for volume in pod["spec"].get("volumes", ())
        )

    def _empty(self, namespace: Object) -> None:
        """Delete what is in a namespace; the namespace itself when nothing is."""
        rows = self._store.in_namespace(namespace["metadata"]["name"])
        for row in rows:
            self._delete_unmarked(row)
        if not rows:
            self.deletion.remove(NAMESPACES, namespace)

    def _delete_unmarked(self, row: Row) -> None:
        resource, obj = self._catalog.keyed(row.key), row.object
        if resource is None:  # of a version that is not served: nobody could delete it
            self._store.remove(row.key, obj)
        elif not is_marked(obj):
            self.deletion.delete(resource, obj, _BACKGROUND)

    def _put(self, resource: Resource, obj: Object) -> None:
        self._store.put(resource.key, obj)
        self._due.append(_place(resource, obj["metadata"]))

    def _look_later(self, *rows: Row) -> None:
        self._due.extend((row.key, row.namespace, row.name) for row in rows)

    def _look_at_owners(self, owners: Any) -> None:
        for owner in owners:
            if (row := self._store.with_uid(owner["uid"])) is not None:
                self._look_later(row)


def _place(resource: Resource, meta: Mapping[str, Any]) -> Place:
    return resource.key, meta.get("namespace", ""), meta["name"]
