"""
What the controller asks of a Kubernetes API: five verbs, and what may come back.

The loop is written against ``Api``; ``cluster`` is the one that talks to a server. Kubernetes'
machine words (status, reason) decide here what a refusal means, never its text.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from datacube_api.errors import DataCubeApiError
from datacube_api.naming import MANAGED_BY
from datacube_api.reference import API_VERSION, PLURAL
from datacube_runtime.controller.slim import slim_cube, slim_job, slim_pod

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from datacube_runtime.controller.objects import Key, Obj


def _whole(obj: Obj) -> Obj:
    return obj


@dataclass(frozen=True)
class Resource:
    """
    One kind of object: where the API has it, and which of them are ours to watch.

    ``keep`` returns what is to be kept of one that a list or a watch brings.
    """

    prefix: str
    plural: str
    selector: str = ""
    keep: Callable[[Obj], Obj] = _whole

    def path(self, namespace: str | None = None, *rest: str) -> str:
        """Return the path of the collection, or with ``rest`` of an object or subresource."""
        place = f"/namespaces/{namespace}" if namespace else ""
        return "/".join((f"{self.prefix}{place}/{self.plural}", *rest))


_OURS = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())

_NOT_OURS = _OURS.replace("=", "!=")

CUBES = Resource(f"/apis/{API_VERSION}", PLURAL, keep=slim_cube)
JOBS = Resource("/apis/batch/v1", "jobs", _OURS, slim_job)
PODS = Resource("/api/v1", "pods", _OURS, slim_pod)
OTHERS_PODS = Resource("/api/v1", "pods", _NOT_OURS, slim_pod)
VOLUMES = Resource("/api/v1", "persistentvolumeclaims")
EVENTS = Resource("/apis/events.k8s.io/v1", "events")
OTHERS_EVENTS = Resource("/api/v1", "events")  # the older form has the fields to select by
LEASES = Resource("/apis/coordination.k8s.io/v1", "leases")


class Snapshot(NamedTuple):
    """All objects as they were at one version, from which a watch may go on."""

    items: tuple[Obj, ...]
    version: str


class WatchEvent(NamedTuple):
    """ADDED, MODIFIED, DELETED or BOOKMARK, and the object, of which a bookmark is only a shell."""

    kind: str
    obj: Obj


_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
)

STATUS_REASONS: Final = frozenset(
    {
        *("AlreadyExists", "BadRequest", "Conflict", "Expired", "Forbidden", "Gone"),
        *("InternalError", "Invalid", "MethodNotAllowed", "NotAcceptable", "NotFound"),
        *("RequestEntityTooLarge", "ServerTimeout", "ServiceUnavailable", "StoreReadError"),
        *("Timeout", "TooManyRequests", "Unauthorized", "UnsupportedMediaType"),
    }
)
"""
Kubernetes' own words for a refusal.

Source: StatusReason in k8s.io/apimachinery/pkg/apis/meta/v1/types.go
"""


class ApiError(DataCubeApiError):
    """The API server refused; ``reason`` is the word of its metav1.Status."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message, status)
        self.reason = reason

    @property
    def word(self) -> str:
        """Kubernetes' own word for the refusal; a webhook may have put a sentence there."""
        return self.reason if self.reason in STATUS_REASONS else "Other"

    @property
    def is_not_found(self) -> bool:
        """Nothing of that name is there."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_taken(self) -> bool:
        """The name belongs to an object already."""
        return self.status == HTTPStatus.CONFLICT and self.reason == "AlreadyExists"

    @property
    def is_stale(self) -> bool:
        """The object changed since it was read."""
        return self.status == HTTPStatus.CONFLICT and not self.is_taken

    @property
    def is_expired(self) -> bool:
        """The version asked for is forgotten: list again."""
        return self.status == HTTPStatus.GONE or self.reason in ("Expired", "Gone")

    @property
    def is_invalid(self) -> bool:
        """The object itself is wrong, and will be the next time."""
        return self.reason in ("BadRequest", "Invalid")

    @property
    def is_forbidden(self) -> bool:
        """The account may not, or a quota is used up: somebody may change that."""
        return self.status == HTTPStatus.FORBIDDEN

    @property
    def is_refused(self) -> bool:
        """
        Somebody keeps it out, and may let it in later: RBAC, a quota, a webhook, or that it fails.

        A webhook chooses the code of its refusal (400 unless it does) and leaves the reason empty.

        Source: ToStatusErr in k8s.io/apiserver/pkg/admission/plugin/webhook/errors
        """
        return self.status in _REFUSALS and not self.is_invalid


class Api(Protocol):
    """The verbs: an ApiError when refused, a DataCubeUnavailableError without an answer."""

    async def list(
        self,
        resource: Resource,
        namespace: str | None,
        selector: str | None = None,
        fields: str = "",
        heard: Callable[[], None] = lambda: None,
    ) -> Snapshot:
        """
        Return all objects; by the resource's own selector unless another is given.

        ``heard`` is called whenever some of them have come.
        """

    def watch(
        self, resource: Resource, namespace: str | None, since: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield what changes after a version, until the server ends it."""

    async def read(self, resource: Resource, key: Key) -> Obj | None:
        """Return the object as it is now; None where there is none."""

    async def create(self, resource: Resource, manifest: Mapping[str, Any]) -> Obj:
        """Create an object; return it as it was stored."""

    async def patch_status(self, cube: Obj, status: Mapping[str, Any]) -> Obj:
        """Write a DataCube's status, unless it changed since ``cube`` was read."""

    async def patch(self, resource: Resource, obj: Obj, changes: Mapping[str, Any]) -> Obj:
        """Merge changes into an object, unless it changed since it was read."""

    async def replace(self, resource: Resource, obj: Obj) -> Obj:
        """Write a whole object, unless it changed since it was read."""

    async def delete(self, resource: Resource, obj: Obj) -> None:
        """Delete an object, unless it changed since it was read."""
