"""
What the API server says when it refuses: one exception, and a metav1.Status made of it.

Clients branch on ``reason`` and on the causes' fields, people read the message, so all three are
worded as a real API server words them. This module knows nothing of HTTP: the server turns an
``ApiStatusError`` into an answer, the runner catches it like any other caller.

Source: the recorded answers of kube-apiserver 1.36 in tests/conformance, and
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datacube_runtime.local.registry.resources import Resource


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong with an object: which field, which kind of wrong, in words."""

    reason: str
    field: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """Return the cause as it stands in ``details.causes``."""
        return {"reason": self.reason, "message": self.message, "field": self.field}

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class ApiStatusError(Exception):
    """The request was refused; ``body()`` is the metav1.Status that says why."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = int(code)  # YAML knows no HTTPStatus
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.list_meta: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """Return the metav1.Status."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.list_meta,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details or self.reason == "Invalid":  # what is invalid has some, be they empty
            status["details"] = self.details
        return {**status, "code": self.code}


class UnknownPlaceError(ApiStatusError):
    """
    There is nothing under that path, as a real server says it where no group of its own is asked.

    Such a place is answered with a page of text, not with a Status.
    """

    def __init__(self, page: str = "404 page not found\n") -> None:
        super().__init__(HTTPStatus.NOT_FOUND, "NotFound", "404 page not found")
        self.page = page


def success(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """Return the Status that answers a finished delete."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {**_details(name, resource.group, resource.plural), "uid": uid},
    }


def not_found(resource: Resource, name: str) -> ApiStatusError:
    """Say that nothing has that name."""
    message = f'{resource.qualified} "{name}" not found'
    details = _details(name, resource.group, resource.plural)
    return ApiStatusError(HTTPStatus.NOT_FOUND, "NotFound", message, details)


def no_such_endpoint() -> ApiStatusError:
    """Say that no resource is served under that path."""
    message = "the server could not find the requested resource"
    return ApiStatusError(HTTPStatus.NOT_FOUND, "NotFound", message)


def already_exists(
    resource: Resource, name: str, *, is_generated: bool = False, is_leaving: bool = False
) -> ApiStatusError:
    """
    Say that somebody has the name already.

    Source: NewAlreadyExists and NewGenerateNameConflict in
    k8s.io/apimachinery/pkg/api/errors/errors.go, ``create`` in
    k8s.io/apiserver/pkg/registry/generic/registry/store.go
    """
    message = f'{resource.qualified} "{name}" already exists'
    details = _details(name, resource.group, resource.plural)
    if is_generated:
        message += ", the server was not able to generate a unique name for the object"
        details["retryAfterSeconds"] = 1
    if is_leaving:
        message = f"object is being deleted: {message}"
    return ApiStatusError(HTTPStatus.CONFLICT, "AlreadyExists", message, details)


def terminating(resource: Resource, name: str, namespace: str) -> ApiStatusError:
    """
    Refuse a new object in a namespace that is going.

    Source: ``Admit`` in k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go
    """
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    message = f"namespace {namespace} is being terminated"
    cause = Cause("NamespaceTerminating", "metadata.namespace", message)
    return forbidden(resource, name, why, [cause])


def stale(resource: Resource, name: str) -> ApiStatusError:
    """Refuse a writer who did not see the latest version."""
    why = (
        "the object has been modified; please apply your changes to the latest version and try "
        "again"
    )
    return conflict(resource.qualified, name, why, resource.group, resource.plural)


def conflict(what: str, name: str, why: str, group: str, kind: str) -> ApiStatusError:
    """Refuse a change of an object that is not in the state taken for granted."""
    message = f'Operation cannot be fulfilled on {what} "{name}": {why}'
    return ApiStatusError(HTTPStatus.CONFLICT, "Conflict", message, _details(name, group, kind))


def forbidden(
    resource: Resource, name: str, why: str, causes: Sequence[Cause] = ()
) -> ApiStatusError:
    """Refuse what is understood and will not be done."""
    message = f'{resource.qualified} "{name}" is forbidden: {why}'
    details = _details(name, resource.group, resource.plural)
    if causes:
        details["causes"] = [cause.to_dict() for cause in causes]
    return ApiStatusError(HTTPStatus.FORBIDDEN, "Forbidden", message, details)


def not_acceptable(message: str) -> ApiStatusError:
    """Refuse to answer in a shape or a format that is not spoken here."""
    return ApiStatusError(HTTPStatus.NOT_ACCEPTABLE, "NotAcceptable", message)


def bad_request(message: str) -> ApiStatusError:
    """Refuse a request that makes no sense."""
    return ApiStatusError(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def internal(message: str) -> ApiStatusError:
    """Refuse where a real server answers with a plain 500 and no reason."""
    return ApiStatusError(HTTPStatus.INTERNAL_SERVER_ERROR, "", message)


def unprocessable_patch() -> ApiStatusError:
    """Refuse a JSON patch that does not fit the object; a real server does not say why."""
    message = "the server rejected our request due to an error in our request"
    return ApiStatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message)


def expired(message: str, token: str = "") -> ApiStatusError:
    """
    Refuse to go on from a version that is no longer remembered: list again.

    :param token: where to go on all the same, from what is there now.
    """
    error = ApiStatusError(HTTPStatus.GONE, "Expired", message)
    error.list_meta = {"continue": token} if token else {}
    return error


def unsupported_media_type(accepted: Iterable[str], hint: str = "") -> ApiStatusError:
    """Refuse a body in a format that is not spoken here."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
        + (f" ({hint})" if hint else "")
    )
    return ApiStatusError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)


def method_not_supported(resource: Resource, verb: str) -> ApiStatusError:
    """Refuse a verb that a custom resource has not."""
    message = f'{verb} is not supported on resources of kind "{resource.qualified}"'
    details = _details("", resource.group, resource.plural)
    return ApiStatusError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message, details)


def method_not_allowed() -> ApiStatusError:
    """Refuse a verb that the resource has not."""
    message = "the server does not allow this method on the requested resource"
    return ApiStatusError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)


def read_only(resource: Resource) -> ApiStatusError:
    """Refuse to write what is a description of this machine."""
    message = f"the embedded cluster's {resource.plural} can be read and watched, not written"
    return ApiStatusError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)


def version_too_large(asked: int, current: int) -> ApiStatusError:
    """Refuse a version that has not happened yet."""
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return ApiStatusError(HTTPStatus.GATEWAY_TIMEOUT, "Timeout", message, details)


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiStatusError:
    """Return the 422 that names every field that is wrong."""
    said = list(dict.fromkeys(str(cause) for cause in causes))
    problems = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    what = f"{kind}.{group}" if group else kind
    message = f'{what} "{name}" is invalid: {problems}'
    details = {**_details(name, group, kind), "causes": [cause.to_dict() for cause in causes]}
    return ApiStatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message, details)


def _details(name: str, group: str, kind: str) -> dict[str, Any]:
    """Return ``details``; a real server leaves out what is empty."""
    said = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in said.items() if value}
