"""
Which resources exist: the built-in ones, and those that CustomResourceDefinitions add.

A ``Resource`` is how every other module names "what kind of thing"; the ``Catalog`` is the one
place that knows which of them are served. It knows names and shapes of endpoints only: what an
object must look like is the business of ``kinds`` and ``custom``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.errors import no_such_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class Resource:
    """One kind of object in one API version, and what its endpoints offer."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False
    """Whether ``status`` is written through its own endpoint."""
    singular: str = ""
    list_kind: str = ""
    is_custom: bool = False
    is_review: bool = False
    """Whether it is only asked, by a create, and never stored."""
    is_looked_for: bool = False
    """Whether there are none, though clients look: ``kubectl cluster-info`` fails without."""
    is_read_only: bool = False
    """Whether only the cluster itself writes it."""

    def __hash__(self) -> int:
        """Return what equal ones share: it is asked with each request, so not of all the fields."""
        return hash((self.group, self.version, self.plural))

    @property
    def api_version(self) -> str:
        """Return ``v1`` or ``group/version``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """Return what identifies the resource whatever the version: ``batch/jobs``."""
        return f"{self.group}/{self.plural}"

    @property
    def qualified(self) -> str:
        """Return the name that error messages use: ``jobs.batch``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def list_name(self) -> str:
        """Return the kind of a list of these."""
        return self.list_kind or f"{self.kind}List"

    @property
    def singular_name(self) -> str:
        """Return the lower-case word for one of these."""
        return self.singular or self.kind.lower()


NAMESPACES = Resource(
    "", "v1", "namespaces", "Namespace", namespaced=False, short_names=("ns",), has_status=True
)
PODS = Resource("", "v1", "pods", "Pod", short_names=("po",), categories=("all",), has_status=True)
CLAIMS = Resource(
    "",
    "v1",
    "persistentvolumeclaims",
    "PersistentVolumeClaim",
    short_names=("pvc",),
    has_status=True,
)
SECRETS = Resource("", "v1", "secrets", "Secret")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",))
EVENTS = Resource("", "v1", "events", "Event", short_names=("ev",))
NEW_EVENTS = Resource("events.k8s.io", "v1", "events", "Event", short_names=("ev",))
"""The objects of ``EVENTS`` in other words: never stored under this name."""
JOBS = Resource("batch", "v1", "jobs", "Job", categories=("all",), has_status=True)
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
DEFINITIONS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    has_status=True,
)
NODES = Resource(
    "", "v1", "nodes", "Node", namespaced=False, short_names=("no",), has_status=True,
    is_read_only=True,
)  # fmt: skip
SERVICES = Resource(
    "", "v1", "services", "Service", short_names=("svc",), categories=("all",), is_looked_for=True
)
REVIEWS = tuple(
    Resource(group, "v1", f"{kind.lower()}s", kind, namespaced=False, is_review=True)
    for group, kind in (
        ("authentication.k8s.io", "SelfSubjectReview"),
        ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
    )
)

BUILT_IN = (
    NAMESPACES, PODS, CLAIMS, SECRETS, CONFIG_MAPS, EVENTS, JOBS, LEASES, DEFINITIONS, NEW_EVENTS,
    NODES, SERVICES, *REVIEWS,
)  # fmt: skip


class Catalog:
    """The resources that are served now; definitions come and go while the server runs."""

    def __init__(self, built_in: Iterable[Resource] = BUILT_IN) -> None:
        self._served: dict[tuple[str, str, str], Resource] = {}
        self._by_definition: dict[str, tuple[Resource, ...]] = {}
        for resource in built_in:
            self._serve(resource)

    def find(self, group: str, version: str, plural: str) -> Resource:
        """Return the resource behind an endpoint."""
        try:
            return self._served[group, version, plural]
        except KeyError:
            raise no_such_endpoint() from None

    def resource(self, group: str, plural: str) -> Resource:
        """Return the resource in the version that is served first."""
        for resource in self:
            if (resource.group, resource.plural) == (group, plural):
                return resource
        raise no_such_endpoint()

    def keyed(self, key: str) -> Resource | None:
        """Return the resource of a store key; None where its definition is gone."""
        return next((resource for resource in self if resource.key == key), None)

    def is_built_in(self, group: str) -> bool:
        """Tell whether a group is there without any definition."""
        return any(resource.group == group and not resource.is_custom for resource in self)

    def define(self, definition: str, resources: Iterable[Resource]) -> None:
        """Serve what a CustomResourceDefinition says now, instead of what it said before."""
        self.undefine(definition)
        self._by_definition[definition] = tuple(resources)
        for resource in self._by_definition[definition]:
            self._serve(resource)

    def undefine(self, definition: str) -> tuple[Resource, ...]:
        """Stop serving what a definition added; return what that was."""
        gone = self._by_definition.pop(definition, ())
        for resource in gone:
            del self._served[resource.group, resource.version, resource.plural]
        return gone

    def group_versions(self) -> dict[str, list[str]]:
        """Return the versions of each group, in the order served; the core group is ``""``."""
        found: dict[str, list[str]] = {}
        for resource in self:
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
        return found

    def __iter__(self) -> Iterator[Resource]:
        return iter(tuple(self._served.values()))

    def _serve(self, resource: Resource) -> None:
        self._served[resource.group, resource.version, resource.plural] = resource
