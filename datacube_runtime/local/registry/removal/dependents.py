"""
Owners and what they own: who may stay, who has to go, who keeps its owner waiting.

An owner is there only if the reference names it rightly: kind, place, name and uid. Of a kind that
nobody here knows it can never be said that it is gone. Nothing is written here: see ``collector``.

Source: ``attemptToDeleteItem`` and ``classifyReferences`` in
k8s.io/kubernetes/pkg/controller/garbagecollector/garbagecollector.go
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.options import Propagation
from datacube_runtime.local.registry.removal.deletion import FOREGROUND, ORPHAN, is_marked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.resources import Catalog
    from datacube_runtime.local.registry.store import Store
    from datacube_runtime.local.registry.tables import Row

    Object = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Whether owners were taken from an object, and how it is to be deleted, if it is."""

    is_changed: bool = False
    propagation: Propagation | None = None


class Dependents:
    """Answers who owns whom, from what is stored."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    def judge(self, obj: Object) -> Verdict:
        """Decide on an object that nobody has deleted; what it loses is taken from ``obj``."""
        meta = obj["metadata"]
        owners = meta.get("ownerReferences", [])
        states = [self._state(owner, meta) for owner in owners]
        if "solid" in states:
            kept = [o for o, state in zip(owners, states, strict=True) if state == "solid"]
            meta["ownerReferences"] = kept
            return Verdict(is_changed=kept != owners)
        if not owners:
            return Verdict()
        if "waiting" in states and (own := self._store.owned_by(meta["uid"])):
            is_circle = any(_waits_for_dependents(row.object) for row in own)
            return Verdict(is_circle and _unblock(meta), Propagation.FOREGROUND)
        return Verdict(propagation=_own_policy(meta))

    def blocking(self, owner: Object) -> list[Row]:
        """Return the dependents without whose end their owner does not go."""
        uid = owner["metadata"]["uid"]
        return [
            row
            for row in self._store.owned_by(uid)
            for said in row.object["metadata"]["ownerReferences"]
            if said["uid"] == uid and said.get("blockOwnerDeletion")
        ]

    def release(self, obj: Object, uid: str) -> None:
        """Take an owner away; the last one leaves no trace."""
        meta = obj["metadata"]
        others = [owner for owner in meta.pop("ownerReferences") if owner["uid"] != uid]
        if others:
            meta["ownerReferences"] = others

    def _state(self, owner: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
        """Return ``solid``, ``waiting`` (for its dependents to go first) or ``dangling``."""
        resource = next(
            (
                known
                for known in self._catalog
                if (known.api_version, known.kind) == (owner["apiVersion"], owner["kind"])
            ),
            None,
        )
        if resource is None:
            return "solid"
        namespace = meta.get("namespace", "") if resource.namespaced else ""
        found = self._store.get(resource.key, namespace, owner["name"])
        if found is None or found["metadata"]["uid"] != owner["uid"]:
            return "dangling"
        return "waiting" if _waits_for_dependents(found) else "solid"


def _waits_for_dependents(obj: Mapping[str, Any]) -> bool:
    return is_marked(obj) and FOREGROUND in obj["metadata"].get("finalizers", ())


def _unblock(meta: dict[str, Any]) -> bool:
    """Let the owners go without this object: in a circle somebody has to."""
    owners = meta["ownerReferences"]
    meta["ownerReferences"] = [
        {**owner, "blockOwnerDeletion": False} if owner.get("blockOwnerDeletion") else owner
        for owner in owners
    ]
    return bool(meta["ownerReferences"] != owners)


def _own_policy(meta: Mapping[str, Any]) -> Propagation:
    """Return how to delete an object that nobody owns any more: as its finalizers have it."""
    finalizers = meta.get("finalizers", ())
    if ORPHAN in finalizers:
        return Propagation.ORPHAN
    return Propagation.FOREGROUND if FOREGROUND in finalizers else Propagation.BACKGROUND
