"""
What an answer of the API server means: HTTP status and metav1.Status → one of our errors.

Pure, and the same for both clients and every resource. A message says which object, what happened
and what to do. It never quotes what was sent: a server's complaint may repeat a value, and values
may be secrets.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from datacube_api.errors import (
    DataCubeApiError,
    DataCubeConflictError,
    DataCubeForbiddenError,
    DataCubeNotFoundError,
    DataCubeRejectedError,
    DataCubeUnavailableError,
)
from datacube_api.reference import GROUP, KIND, PLURAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_COMPLAINT = re.compile(r"^(Invalid|Unsupported|Duplicate) value: ")


@dataclass(frozen=True)
class Resource:
    """A kind of object: what people call one of them, and what RBAC calls all of them."""

    kind: str
    plural: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}".removesuffix(".")


DATACUBES: Final = Resource(KIND, PLURAL, GROUP)
SECRETS: Final = Resource("Secret", "secrets")
POD_LOGS: Final = Resource("Pod", "pods/log")


@dataclass(frozen=True)
class Request:
    """What was asked: the verb as RBAC has it, where, and over which connection."""

    verb: str
    namespace: str
    conn_id: str
    name: str = ""
    resource: Resource = DATACUBES

    def __str__(self) -> str:
        if not self.name:
            return f"{self.resource.plural} in {self.namespace}"
        kind = "" if self.resource == DATACUBES else f"{self.resource.kind} "
        return f"{kind}{self.namespace}/{self.name}"


def refused(request: Request, status: int, body: str | bytes | None) -> DataCubeApiError:
    """Return the error for an answer that is no success."""
    if answer := _ANSWERS.get(status):
        return answer(request, _status_of(body))
    words = f"{request}: the API server answered {spoken(status)}"
    if passes(status):
        return DataCubeUnavailableError(f"{words}; it may do better later", status)
    return DataCubeApiError(words, status)


def unreachable(request: Request, kind: str, *, untrusted: bool = False) -> DataCubeApiError:
    """Return the error for no answer at all; ``kind`` is the class of the network's error."""
    mend = (
        "its certificate is not trusted: check the certificate authority in the connection's "
        "kube config"
        if untrusted
        else "check the server's address in the connection's kube config, and the network"
    )
    where = f"the API server of connection {request.conn_id!r}"
    return DataCubeUnavailableError(f"{request}: cannot reach {where} ({kind}); {mend}", 0)


def unusable(conn_id: str, why: str) -> DataCubeApiError:
    """Return the error for a connection that does not lead to any API server."""
    return DataCubeApiError(
        f"connection {conn_id!r} cannot be used: {why}; it must be of type kubernetes, with a kube "
        "config that this process can read, or be used inside a cluster",
        0,
    )


def passes(status: int) -> bool:
    """Tell whether the same request may succeed later: 410 says to read again before."""
    transient = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS)
    return status in transient or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def spoken(status: int) -> str:
    """Return a status with its standard words: the server's own may say anything."""
    known = {member.value: member.phrase for member in HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()


def _unauthorized(request: Request, _: Mapping[str, Any]) -> DataCubeApiError:
    return DataCubeForbiddenError(
        f"{request}: 401 Unauthorized; the credentials of connection {request.conn_id!r} are "
        "missing, wrong or expired: renew them",
        HTTPStatus.UNAUTHORIZED,
    )


def _forbidden(request: Request, _: Mapping[str, Any]) -> DataCubeApiError:
    return DataCubeForbiddenError(
        f"{request}: 403 Forbidden; the account of connection {request.conn_id!r} may not "
        f"{request.verb} {request.resource.plural} in namespace {request.namespace!r}: grant it "
        f"the verb {request.verb!r} on {request.resource} there (a Role and a RoleBinding)",
        HTTPStatus.FORBIDDEN,
    )


class ResourceUnknownError(DataCubeNotFoundError):
    """Not the object is missing but the whole resource: never created, or not read yet."""


def _not_found(request: Request, said: Mapping[str, Any]) -> DataCubeApiError:
    kind = (said.get("details") or {}).get("kind")
    missing, error = f"there is no such {request.resource.kind}", DataCubeNotFoundError
    if kind == "namespaces":
        missing = f"there is no namespace {request.namespace!r}: create it, or choose another"
    elif kind is None:
        error = ResourceUnknownError
        missing = f"the cluster of connection {request.conn_id!r} does not know {request.resource}"
        if request.resource == DATACUBES:
            missing += ": install the custom resource (kubectl apply -f deploy/crd.yaml)"
    return error(f"{request}: {missing}", HTTPStatus.NOT_FOUND)


def _conflict(request: Request, said: Mapping[str, Any]) -> DataCubeApiError:
    reason = "it exists already" if said.get("reason") == "AlreadyExists" else "it has changed"
    return DataCubeConflictError(f"{request}: 409 Conflict; {reason}", HTTPStatus.CONFLICT)


def _rejected(request: Request, said: Mapping[str, Any]) -> DataCubeApiError:
    causes = "; ".join(_causes(said)) or "the server names no field"
    return DataCubeRejectedError(
        f"{request}: the API server rejects it: {causes}", HTTPStatus.UNPROCESSABLE_ENTITY
    )


_ANSWERS: dict[int, Callable[[Request, Mapping[str, Any]], DataCubeApiError]] = {
    HTTPStatus.UNAUTHORIZED: _unauthorized,
    HTTPStatus.FORBIDDEN: _forbidden,
    HTTPStatus.NOT_FOUND: _not_found,
    HTTPStatus.CONFLICT: _conflict,
    HTTPStatus.UNPROCESSABLE_ENTITY: _rejected,
}


def _status_of(body: str | bytes | None) -> Mapping[str, Any]:
    try:
        said = json.loads(body or "")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _causes(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield ``field: message``, less the value that the server found wrong."""
    for cause in (said.get("details") or {}).get("causes") or ():
        field, message = str(cause.get("field", "")), str(cause.get("message", ""))
        if field != "<nil>":
            yield f"{field}: {_without_value(message)}"


def _without_value(message: str) -> str:
    """
    Cut the value out of ``Invalid value: "x": must be y``.

    Source: ``field.Error.ErrorBody`` in k8s.io/apimachinery; the value is JSON, or Go's own
    notation, which is not parsed here: then nothing is told but that the field is wrong.
    """
    opening = _COMPLAINT.match(message)
    if not opening:
        return message
    rest = message[opening.end() :]
    try:
        _, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return "is not valid" if {"{", "["} & set(rest) else rest
    return rest[end:].removeprefix(": ") or "is not valid"
