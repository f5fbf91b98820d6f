"""
From the path of a request to what it is about: resource, namespace, name, subresource.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.absent import absent
from datacube_runtime.local.registry.errors import ApiStatusError, no_such_endpoint
from datacube_runtime.local.registry.resources import EVENTS, NEW_EVENTS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Catalog, Resource

_LOG = "log"
_STATUS = "status"


@dataclass(frozen=True)
class Target:
    """What a request is about. Without ``name`` it is the collection, in one or all namespaces."""

    resource: Resource
    namespace: str | None
    name: str = ""
    subresource: str = ""
    is_new_event: bool = False
    """Whether the client speaks of events in the words of ``events.k8s.io``."""

    @property
    def api_version(self) -> str:
        """Return the API version that the client speaks."""
        return (NEW_EVENTS if self.is_new_event else self.resource).api_version


def target(catalog: Catalog, group: str, version: str, rest: str) -> Target:
    """
    Return what the path below an API version is about.

    :raises ApiStatusError: (404, 501) there is no such endpoint.
    """
    steps = rest.strip("/").split("/")
    if not all(steps):
        raise no_such_endpoint()
    namespace = None
    if steps[0] == "namespaces" and len(steps) > 2 and steps[2] not in (_STATUS, "finalize"):  # noqa: PLR2004 - namespaces/NAME/plural
        namespace, steps = steps[1], steps[2:]
    if len(steps) > 3:  # noqa: PLR2004 - plural/NAME/subresource
        raise no_such_endpoint()
    plural, name, subresource = (*steps, "", "")[:3]
    resource = _find(catalog, group, version, plural)
    if (namespace is not None) is not resource.namespaced and (name or namespace is not None):
        raise no_such_endpoint()
    if subresource and subresource not in _subresources(resource):
        raise absent(group, plural, subresource) or no_such_endpoint()
    if resource == NEW_EVENTS:
        return Target(EVENTS, namespace, name, subresource, is_new_event=True)
    return Target(resource, namespace, name, subresource)


def _find(catalog: Catalog, group: str, version: str, plural: str) -> Resource:
    try:
        return catalog.find(group, version, plural)
    except ApiStatusError as error:
        raise absent(group, plural) or error from None


def _subresources(resource: Resource) -> tuple[str, ...]:
    found = (_STATUS,) if resource.has_status else ()
    return (*found, _LOG) if resource.key == "/pods" else found
