"""
Where an object is and whose it is: what can be said of any Kubernetes object as the API returns it.

Ownership is told by uid. A name may be another object's tomorrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

Obj: TypeAlias = Mapping[str, Any]
"""An object as the API returns it, camelCase."""


class Key(NamedTuple):
    """Where an object of a known kind is."""

    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Obj) -> Key:
        """Return where an object is."""
        return cls(obj["metadata"]["namespace"], obj["metadata"]["name"])

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def uid_of(obj: Obj) -> str:
    """Return the identity of an object."""
    uid: str = obj["metadata"]["uid"]
    return uid


def controller_of(obj: Obj) -> Mapping[str, Any]:
    """
    Return the owner reference of the one controller of an object; empty where it has none.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
    """
    references = obj["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), {})


def is_owned_by(obj: Obj, owner: Obj) -> bool:
    """Tell whether ``owner`` itself, and not a namesake, controls ``obj``."""
    return bool(controller_of(obj).get("uid") == uid_of(owner))


def is_being_deleted(obj: Obj) -> bool:
    """Tell whether somebody asked for the object's deletion, whatever still holds it."""
    return "deletionTimestamp" in obj["metadata"]
