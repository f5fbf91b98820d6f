"""
Everything that follows from a delete: finalizers, grace, dependents, namespaces, volumes in use.

A real cluster spreads this over the API server and four controllers that act a moment later. Here
it happens within the same transaction, which no client can tell from a very fast controller.

Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/,
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry.errors import forbidden
from datacube_runtime.local.registry.options import Delete, Propagation
from datacube_runtime.local.registry.resources import CLAIMS, JOBS, NAMESPACES, PODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from datacube_runtime.local.registry.resources import Catalog, Resource
    from datacube_runtime.local.registry.store import Store

FOREGROUND = "foregroundDeletion"
CLAIM_IN_USE = "kubernetes.io/pvc-protection"
FIRST_NAMESPACES = ("default", "kube-system")
_DEFAULT_GRACE_S = 30
_TERMINAL = ("Succeeded", "Failed")


class Deletion:
    """Deletes objects from a store, and what has to go with them."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        now: Callable[[], datetime],
        on_removed: Callable[[Resource, dict[str, Any]], None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._now = now
        self._on_removed = on_removed

    def delete(self, resource: Resource, obj: dict[str, Any], options: Delete) -> bool:
        """
        Remove an object, or mark it as deleted where something keeps it; tell whether it is gone.

        ``obj`` becomes what is left of it.
        """
        meta = obj["metadata"]
        if resource == NAMESPACES and meta["name"] in FIRST_NAMESPACES:
            raise forbidden(resource, meta["name"], "this namespace may not be deleted")
        propagation = options.propagation or _default_propagation(resource)
        if propagation is Propagation.ORPHAN:
            self._orphan_dependents(meta["uid"])
        if propagation is Propagation.FOREGROUND and self._store.owned_by(meta["uid"]):
            meta["finalizers"] = [*meta.get("finalizers", ()), FOREGROUND]
        grace_s = _grace(resource, obj, options)
        if not (grace_s or meta.get("finalizers") or resource == NAMESPACES):
            self._remove(resource, obj)
            return True
        self._mark(resource, obj, grace_s)
        self._follow_mark(resource, obj, propagation)
        return self._store.with_uid(meta["uid"]) is None

    def settle(self, resource: Resource, obj: dict[str, Any]) -> bool:
        """Remove an object marked as deleted once nothing keeps it; tell whether it went."""
        meta = obj["metadata"]
        is_kept = meta.get("finalizers") or meta.get("deletionGracePeriodSeconds")
        if "deletionTimestamp" not in meta or is_kept or resource == NAMESPACES:
            return False
        self._remove(resource, obj)
        return True

    def collect_if_dangling(self, resource: Resource, obj: dict[str, Any]) -> None:
        """Delete an object all of whose owners are gone, as the garbage collector would."""
        owners = obj["metadata"].get("ownerReferences", ())
        if owners and not any(self._may_exist(owner) for owner in owners):
            self.delete(resource, obj, Delete(propagation=Propagation.BACKGROUND))

    def release_claims(self, namespace: str) -> None:
        """Let go the deleted PVCs that no pod uses any more."""
        for row in self._store.terminating(CLAIMS.key, namespace):
            claim = row.object
            if CLAIM_IN_USE in claim["metadata"].get("finalizers", ()) and not self._is_used(claim):
                self._drop_finalizer(CLAIMS, claim, CLAIM_IN_USE)

    def _mark(self, resource: Resource, obj: dict[str, Any], grace_s: int) -> None:
        meta = obj["metadata"]
        if grace_s >= meta.get("deletionGracePeriodSeconds", grace_s + 1):
            return  # deleted before, with no more time than now
        meta["deletionTimestamp"] = timestamp(self._now() + timedelta(seconds=grace_s))
        meta["deletionGracePeriodSeconds"] = grace_s
        if "generation" in meta:
            meta["generation"] += 1
        if resource == NAMESPACES:
            obj["status"] = {**obj.get("status", {}), "phase": "Terminating"}
        self._store.put(resource.key, obj)

    def _follow_mark(
        self, resource: Resource, obj: dict[str, Any], propagation: Propagation
    ) -> None:
        meta = obj["metadata"]
        if propagation is Propagation.FOREGROUND:
            self._delete_all(self._store.owned_by(meta["uid"]), propagation)
        if resource == NAMESPACES:
            self._delete_all(self._store.in_namespace(meta["name"]), Propagation.BACKGROUND)
            self._remove_namespace_if_empty(meta["name"])
        if resource == CLAIMS:
            self.release_claims(meta["namespace"])

    def _remove(self, resource: Resource, obj: dict[str, Any]) -> None:
        meta = obj["metadata"]
        self._store.remove(resource.key, obj)
        self._on_removed(resource, obj)
        self._collect_dependents(meta["uid"])
        for owner in meta.get("ownerReferences", ()):
            self._finish_foreground(owner["uid"])
        if resource == PODS:
            self.release_claims(meta["namespace"])
        if "namespace" in meta:
            self._remove_namespace_if_empty(meta["namespace"])

    def _delete_all(self, rows: Any, propagation: Propagation) -> None:
        for resource, obj in self._known(rows):
            if self._store.with_uid(obj["metadata"]["uid"]) is not None:
                self.delete(resource, obj, Delete(propagation=propagation))

    def _known(self, rows: Any) -> Iterator[tuple[Resource, dict[str, Any]]]:
        for row in rows:
            if (resource := self._catalog.keyed(row.key)) is not None:
                yield resource, row.object

    def _collect_dependents(self, uid: str) -> None:
        for resource, obj in self._known(self._store.owned_by(uid)):
            others = [o for o in obj["metadata"]["ownerReferences"] if o["uid"] != uid]
            if any(self._may_exist(owner) for owner in others):
                obj["metadata"]["ownerReferences"] = others
                self._store.put(resource.key, obj)
            else:
                self.delete(resource, obj, Delete(propagation=Propagation.BACKGROUND))

    def _orphan_dependents(self, uid: str) -> None:
        for resource, obj in self._known(self._store.owned_by(uid)):
            others = [o for o in obj["metadata"].pop("ownerReferences") if o["uid"] != uid]
            if others:
                obj["metadata"]["ownerReferences"] = others
            self._store.put(resource.key, obj)

    def _finish_foreground(self, uid: str) -> None:
        row = self._store.with_uid(uid)
        if row is None or self._store.owned_by(uid):
            return
        for resource, owner in self._known([row]):
            if FOREGROUND in owner["metadata"].get("finalizers", ()):
                self._drop_finalizer(resource, owner, FOREGROUND)

    def _drop_finalizer(self, resource: Resource, obj: dict[str, Any], finalizer: str) -> None:
        meta = obj["metadata"]
        meta["finalizers"] = [name for name in meta["finalizers"] if name != finalizer]
        if not self.settle(resource, obj):
            self._store.put(resource.key, obj)

    def _remove_namespace_if_empty(self, name: str) -> None:
        namespace = self._store.get(NAMESPACES.key, "", name)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return
        if not self._store.in_namespace(name):
            self._remove(NAMESPACES, namespace)

    def _may_exist(self, owner: Mapping[str, Any]) -> bool:
        """Tell whether an owner is there, or is of a kind that nobody here can know about."""
        group = owner["apiVersion"].rpartition("/")[0]
        is_known = any((r.group, r.kind) == (group, owner["kind"]) for r in self._catalog)
        return not is_known or self._store.with_uid(owner["uid"]) is not None

    def _is_used(self, claim: Mapping[str, Any]) -> bool:
        meta = claim["metadata"]
        return any(
            volume.get("persistentVolumeClaim", {}).get("claimName") == meta["name"]
            for row in self._store.list(PODS.key, meta["namespace"])
            for pod in (row.object,)
            if pod.get("status", {}).get("phase") not in _TERMINAL
            for volume in pod["spec"].get("volumes", ())
        )


def _default_propagation(resource: Resource) -> Propagation:
    """
    Return what happens when the client does not say.

    A Job's pods stay: so it is in batch/v1, for the sake of old clients. kubectl and everybody
    who wants the pods gone says Background.
    Source: ``DefaultGarbageCollectionPolicy`` in kubernetes/pkg/registry/batch/job/strategy.go
    """
    return Propagation.ORPHAN if resource == JOBS else Propagation.BACKGROUND


def _grace(resource: Resource, obj: Mapping[str, Any], options: Delete) -> int:
    """
    Return how many seconds a pod is given to end; only a pod that may be running needs any.

    Source: ``CheckGracefulDelete`` in kubernetes/pkg/registry/core/pod/strategy.go
    """
    if resource != PODS or not _is_scheduled(obj):
        return 0
    if obj.get("status", {}).get("phase") in _TERMINAL:
        return 0
    if options.grace_period_seconds is not None:
        return options.grace_period_seconds
    grace_s: int = obj["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE_S)
    return grace_s


def _is_scheduled(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return bool(pod["spec"].get("nodeName")) or any(
        c["type"] == "PodScheduled" and c["status"] == "True" for c in conditions
    )
