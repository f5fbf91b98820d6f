"""
A delete: what goes at once, and what is only marked because something has to happen first.

An object that carries finalizers, or is a pod that still runs, stays with a mark on it until those
have gone. Which finalizers a delete adds is its propagation policy. What must follow from a mark
or a removal is not known here: see ``collector``, which is told of each.

Source: ``Delete`` in k8s.io/apiserver/pkg/registry/generic/registry/store.go,
https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry.custom.termination import begin_cleanup
from datacube_runtime.local.registry.options import Propagation
from datacube_runtime.local.registry.removal.grace import give_time
from datacube_runtime.local.registry.resources import (
    DEFINITIONS,
    EVENTS,
    JOBS,
    NAMESPACES,
    PODS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from datacube_runtime.local.registry.options import Delete
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Store

    Object = dict[str, Any]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
CLAIM_IN_USE = "kubernetes.io/pvc-protection"
FIRST_NAMESPACES = ("default", "kube-system")


class Listener(Protocol):
    """Who is told of what a delete has done."""

    def marked(self, resource: Resource, obj: Object) -> None:
        """Hear that an object is deleted and still there."""

    def removed(self, resource: Resource, obj: Object) -> None:
        """Hear that an object is gone."""


class Deletion:
    """Marks objects as deleted, and removes them from the store."""

    def __init__(self, store: Store, now: Callable[[], datetime], listener: Listener) -> None:
        self._store = store
        self._now = now
        self._listener = listener

    def delete(self, resource: Resource, obj: Object, options: Delete) -> bool:
        """
        Remove an object, or mark it as deleted where something keeps it; tell whether it is gone.

        ``obj`` becomes what is left of it, or what a dry run would leave of it.
        """
        before = dict(obj["metadata"])
        is_gone = _decided(resource, obj, options, self._now())
        if options.dry_run:
            return is_gone
        # A pod is marked even if it goes at once: those who watch it see why.
        if obj["metadata"] != before and (resource == PODS or not is_gone):
            self._store.put(resource.key, obj)
            self._listener.marked(resource, obj)
        if is_gone:
            self.remove(resource, obj)
        return is_gone

    def settle(self, resource: Resource, obj: Object) -> bool:
        """Remove an object marked as deleted once nothing keeps it; tell whether it went."""
        if not is_marked(obj) or resource == NAMESPACES or _is_kept(obj):
            return False
        self.remove(resource, obj)
        return True

    def remove(self, resource: Resource, obj: Object) -> None:
        """Remove an object, whatever keeps it."""
        self._store.remove(resource.key, obj)
        self._listener.removed(resource, obj)


def is_marked(obj: Mapping[str, Any]) -> bool:
    """Tell whether an object is deleted and still there."""
    return "deletionTimestamp" in obj["metadata"]


def without_finalizer(meta: dict[str, Any], finalizer: str) -> None:
    """Take a finalizer away; the last one leaves no trace."""
    _set_finalizers(meta, [name for name in meta.get("finalizers", ()) if name != finalizer])


def _decided(resource: Resource, obj: Object, options: Delete, now: datetime) -> bool:
    """Write into an object what a delete makes of it; tell whether it goes at once."""
    meta = obj["metadata"]
    if resource == DEFINITIONS and not is_marked(obj):
        begin_cleanup(obj, timestamp(now))
        return False
    if resource == NAMESPACES:  # it goes when it is empty
        if not is_marked(obj):
            _mark(meta, now)
            obj["status"] = {**obj.get("status", {}), "phase": "Terminating"}
        return False
    if resource == PODS and not give_time(obj, options.grace_period_seconds, now):
        return False
    _set_finalizers(meta, _finalizers(resource, meta, options.propagation))
    if not _is_kept(obj):
        return True
    if resource != PODS:
        _mark(meta, now)
    return False


def _mark(meta: dict[str, Any], now: datetime) -> None:
    if "deletionTimestamp" in meta:
        return
    meta["deletionTimestamp"] = timestamp(now)
    meta["deletionGracePeriodSeconds"] = 0
    if "generation" in meta:
        meta["generation"] += 1


def _is_kept(obj: Mapping[str, Any]) -> bool:
    meta = obj["metadata"]
    return bool(meta.get("finalizers") or meta.get("deletionGracePeriodSeconds"))


def _finalizers(
    resource: Resource, meta: Mapping[str, Any], asked: Propagation | None
) -> list[str]:
    """
    Return the finalizers of a deleted object, with that of its propagation policy.

    The policy is the client's; else the one whose finalizer is there already; else the kind's.
    Source: ``deletionFinalizersForGarbageCollection``, beside ``Delete``
    """
    said: list[str] = meta.get("finalizers", [])
    known = [name for name in said if name in (ORPHAN, FOREGROUND)]
    if resource == EVENTS:
        wanted = ""
    elif asked is not None:
        wanted = {Propagation.ORPHAN: ORPHAN, Propagation.FOREGROUND: FOREGROUND}.get(asked, "")
    elif known:
        wanted = known[0]
    else:
        # A Job's pods stay for the sake of old clients: DefaultGarbageCollectionPolicy in
        # k8s.io/kubernetes/pkg/registry/batch/job/strategy.go.
        wanted = ORPHAN if resource == JOBS else ""
    if known == [wanted] or (not known and not wanted):
        return said
    return [name for name in said if name not in known] + ([wanted] if wanted else [])


def _set_finalizers(meta: dict[str, Any], finalizers: list[str]) -> None:
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
