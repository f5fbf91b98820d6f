"""
Whether a new object may come in where it is sent, and under which name.

Its namespace has to be there and to stay, its definition has to take new objects, and its name must
not be taken. What the object itself has to look like is not asked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.custom.termination import NO_CREATES
from datacube_runtime.local.registry.errors import (
    already_exists,
    forbidden,
    not_found,
    terminating,
)
from datacube_runtime.local.registry.removal.deletion import is_marked
from datacube_runtime.local.registry.resources import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datacube_runtime.local.registry.custom.definitions import Definitions
    from datacube_runtime.local.registry.resources import Resource
    from datacube_runtime.local.registry.store import Store

_NAME_ATTEMPTS = 8


class Entrance:
    """What is asked of the store before an object is made."""

    def __init__(
        self, store: Store, definitions: Definitions, make_name: Callable[[str], str]
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._make_name = make_name

    def check_namespace(self, resource: Resource, namespace: str | None, name: str) -> None:
        """
        Make sure that the namespace takes new objects.

        :raises ApiStatusError: (404) it is not there, (403) it is being deleted.
        """
        if not resource.namespaced:
            return
        is_leaving = self._store.is_terminating(NAMESPACES.key, "", namespace or "")
        if is_leaving is None:
            raise not_found(NAMESPACES, namespace or "")
        if is_leaving:
            raise terminating(resource, name, namespace or "")

    def check_definition(self, resource: Resource, name: str) -> None:
        """
        Make sure that the kind takes new objects.

        :raises ApiStatusError: (403) its definition is being deleted.
        """
        if self._definitions.is_closed(resource):
            raise forbidden(resource, name, NO_CREATES)

    def free_name(self, resource: Resource, namespace: str | None, prefix: str) -> str:
        """
        Make up a name that nobody has; one that is taken where so many in a row are.

        Source: createWithGenerateNameRetry in
        k8s.io/apiserver/pkg/registry/generic/registry/store.go
        """
        name = self._make_name(prefix)
        for _ in range(_NAME_ATTEMPTS - 1):
            if self._store.get(resource.key, namespace or "", name) is None:
                break
            name = self._make_name(prefix)
        return name

    def refuse_taken(
        self, resource: Resource, namespace: str | None, meta: Mapping[str, Any]
    ) -> None:
        """
        Make sure that the name is free.

        :raises ApiStatusError: (409) it is not.
        """
        if found := self._store.get(resource.key, namespace or "", meta["name"]):
            is_generated, is_leaving = "generateName" in meta, is_marked(found)
            raise already_exists(
                resource, meta["name"], is_generated=is_generated, is_leaving=is_leaving
            )
