"""
From the path of a request to what it is about: resource, namespace, name, subresource.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.errors import no_such_endpoint

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


def target(catalog: Catalog, group: str, version: str, rest: str) -> Target:
    """
    Return what the path below an API version is about.

    :raises ApiStatusError: (404) there is no such endpoint.
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
    resource = catalog.find(group, version, plural)
    if (namespace is not None) is not resource.namespaced and (name or namespace is not None):
        raise no_such_endpoint()
    if subresource and subresource not in _subresources(resource):
        raise no_such_endpoint()
    return Target(resource, namespace, name, subresource)


def _subresources(resource: Resource) -> tuple[str, ...]:
    found = (_STATUS,) if resource.has_status else ()
    return (*found, _LOG) if resource.key == "/pods" else found
