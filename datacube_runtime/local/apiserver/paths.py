"""
From the path of a request to what it is about: resource, namespace, name, subresource.

A place that nobody knows is refused by whoever answers for its group: built-in groups say so by a
Status, custom resources leave it to a page of text.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris; NewRequestInfo
in k8s.io/apiserver/pkg/endpoints/request/requestinfo.go; ServeHTTP in
k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.absent import absent
from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    UnknownPlaceError,
    no_such_endpoint,
    not_found,
)
from datacube_runtime.local.registry.resources import EVENTS, NEW_EVENTS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Catalog, Resource

_LOG, _BINDING = "log", "binding"
_STATUS = "status"
_WATCH = "watch"


@dataclass(frozen=True)
class Target:
    """What a request is about. Without ``name`` it is the collection, in one or all namespaces."""

    resource: Resource
    namespace: str | None
    name: str = ""
    subresource: str = ""
    is_watch: bool = False
    """Whether the path itself asks for a watch, as clients of old had it."""

    is_new_event: bool = False
    """Whether the client speaks of events in the words of ``events.k8s.io``."""

    @property
    def api_version(self) -> str:
        """Return the API version that the client speaks."""
        return (NEW_EVENTS if self.is_new_event else self.resource).api_version

    @property
    def is_everywhere(self) -> bool:
        """Tell whether it is about all namespaces."""
        return self.resource.namespaced and self.namespace is None


def target(catalog: Catalog, group: str, version: str, rest: str) -> Target:
    """
    Return what the path below an API version is about.

    :raises ApiStatusError: (404, 501) there is no such endpoint.
    """
    steps = rest.strip("/").split("/")
    if not all(steps):
        raise no_such_place(catalog, group)
    is_watch = steps[0] == _WATCH and len(steps) > 1
    if is_watch:
        steps = steps[1:]
    namespace = None
    if steps[0] == "namespaces" and len(steps) > 2 and steps[2] not in (_STATUS, "finalize"):  # noqa: PLR2004 - namespaces/NAME/plural
        namespace, steps = steps[1], steps[2:]
    plural, name, subresource = (*steps, "", "")[:3]
    resource = _find(catalog, group, version, plural)
    if resource.is_custom:
        _check_custom(resource, namespace, name, subresource)
    elif len(steps) > 3 or (resource.is_review and name) or (is_watch and subresource):  # noqa: PLR2004 - plural/NAME/subresource
        raise absent(group, plural, subresource) or no_such_endpoint()
    else:
        _check_built_in(resource, namespace, name, subresource)
    if resource == NEW_EVENTS:
        return Target(EVENTS, namespace, name, subresource, is_watch, is_new_event=True)
    return Target(resource, namespace, name, subresource, is_watch)


def no_such_place(catalog: Catalog, group: str) -> ApiStatusError:
    """Return the refusal of a place in a group that has none of that name."""
    if catalog.is_built_in(group) or absent(group, ""):
        return no_such_endpoint()
    return UnknownPlaceError()


def _find(catalog: Catalog, group: str, version: str, plural: str) -> Resource:
    try:
        return catalog.find(group, version, plural)
    except ApiStatusError:
        raise absent(group, plural) or no_such_place(catalog, group) from None


def _check_custom(resource: Resource, namespace: str | None, name: str, subresource: str) -> None:
    if namespace is not None and not resource.namespaced:
        raise UnknownPlaceError
    if subresource and not (subresource == _STATUS and resource.has_status):
        raise not_found(resource, name)


def _check_built_in(resource: Resource, namespace: str | None, name: str, subresource: str) -> None:
    if (namespace is not None) is not resource.namespaced and (name or namespace is not None):
        raise no_such_endpoint()
    if subresource and subresource not in _subresources(resource):
        raise absent(resource.group, resource.plural, subresource) or no_such_endpoint()


def _subresources(resource: Resource) -> tuple[str, ...]:
    found = (_STATUS,) if resource.has_status else ()
    return (*found, _LOG, _BINDING) if resource.key == "/pods" else found
