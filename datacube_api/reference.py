"""The coordinates of the resource, and the identity of one DataCube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP: Final = "tensorstack.dev"
VERSION: Final = "v1beta1"
API_VERSION: Final = "tensorstack.dev/v1beta1"
KIND: Final = "DataCube"
PLURAL: Final = "datacubes"


class Collection(TypedDict):
    """Where the DataCubes of one namespace live, as both Kubernetes clients name it."""

    group: str
    version: str
    plural: str
    namespace: str


class Item(Collection):
    """Where one DataCube lives."""

    name: str


def collection(namespace: str) -> Collection:
    """Return the arguments that name the DataCubes of a namespace."""
    return {"group": GROUP, "version": VERSION, "plural": PLURAL, "namespace": namespace}


@dataclass(frozen=True)
class CubeRef:
    """
    One DataCube: where it is, and (with ``uid``) which one it is.

    A name may be deleted and taken by another object; the uid never is. An empty ``uid`` means
    "whoever has the name".
    """

    namespace: str
    name: str
    uid: str = ""

    @classmethod
    def of(cls, cube: Mapping[str, Any]) -> CubeRef:
        """Return the identity of an object as the API returned it."""
        meta = cube["metadata"]
        return cls(meta["namespace"], meta["name"], meta["uid"])

    def item(self) -> Item:
        """Return the arguments that name this DataCube."""
        return {**collection(self.namespace), "name": self.name}

    def is_identity_of(self, cube: Mapping[str, Any]) -> bool:
        """Tell whether ``cube`` is this very object and not a namesake."""
        return not self.uid or cube["metadata"]["uid"] == self.uid

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
