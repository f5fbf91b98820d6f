"""
Bodies in and out: JSON and YAML read, objects shown as JSON, YAML, tables or metadata only.

Protobuf is read for the kinds that kubectl sends so, and never written. kubectl does not fall back
to JSON, so the refusal of any other kind says which way round works.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web

from datacube_runtime.local.apiserver.protobuf import ProtobufError, UnknownKindError, decode
from datacube_runtime.local.apiserver.table import metadata_only, table
from datacube_runtime.local.apiserver.watching import is_true
from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    bad_request,
    unsupported_media_type,
)
from datacube_runtime.local.registry.patches import APPLY, refuse_unknown_type

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

_JSON = "application/json"
_YAML = "application/yaml"
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_READ = (_JSON, _YAML, _PROTOBUF)
_NO_PROTOBUF = (
    "the embedded cluster does not read this kind as protobuf: instead of `kubectl create …` use "
    "`kubectl create KIND … --dry-run=client -o yaml | kubectl apply -f -`"
)
_META_GROUP = {"apiVersion": "meta.k8s.io/v1"}


class _Loader(yaml.SafeLoader):
    """YAML as JSON knows it: a time is a string."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - so it is in PyYAML: a table of the class
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


async def read_object(request: web.Request, what: str) -> dict[str, Any]:
    """
    Return the object that a request carries; empty where it carries nothing.

    :raises ApiStatusError: (400, 415) it is in no format that is spoken here.
    """
    media_type = request.content_type if "Content-Type" in request.headers else _JSON
    if media_type == _PROTOBUF:
        return _from_protobuf(await request.read(), what)
    if media_type not in (_JSON, _YAML):
        raise unsupported_media_type(_READ)
    body = _parsed(await request.read(), what, is_yaml=media_type == _YAML)
    if not isinstance(body, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {what})")
    return body


async def read_patch(request: web.Request, resource: Resource) -> tuple[str, Any]:
    """
    Return the format and the content of a patch.

    :raises ApiStatusError: (400, 415) it is in no format that is spoken here.
    """
    refuse_unknown_type(request.content_type, resource)
    is_yaml = request.content_type == APPLY
    return request.content_type, _parsed(await request.read(), resource.kind, is_yaml=is_yaml)


def answer(
    request: web.Request, body: Any, status: int = 200, warnings: list[str] | None = None
) -> web.Response:
    """Return an answer as JSON, or as YAML where the client prefers that."""
    response: web.Response
    if request.headers.get("Accept", "").startswith(_YAML):
        text = yaml.safe_dump(body, sort_keys=True, width=1 << 16)
        response = web.Response(text=text, status=status, content_type=_YAML)
    else:
        style: dict[str, Any] = {"indent": 2} if _is_pretty(request) else {"separators": (",", ":")}
        data = json.dumps(body, **style).encode()
        response = web.Response(body=data, status=status, content_type=_JSON)
    for warning in warnings or ():
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def refusal(request: web.Request, error: ApiStatusError) -> web.Response:
    """Return the answer to a request that was refused."""
    response = answer(request, error.body(), error.code)
    if "retryAfterSeconds" in error.details:
        response.headers["Retry-After"] = str(error.details["retryAfterSeconds"])
    return response


def represented(
    request: web.Request, registry: Registry, resource: Resource, body: dict[str, Any]
) -> dict[str, Any]:
    """Return an object or a list in the shape that the client asks for: as is, table, metadata."""
    shape = _shape(request.headers.get("Accept", ""))
    if not shape or body.get("kind") == "Status":
        return body
    is_list = "items" in body
    objects = body["items"] if is_list else [body]
    if shape == "Table":
        meta = body["metadata"]
        kept = {"resourceVersion": meta["resourceVersion"]} if "resourceVersion" in meta else {}
        kept |= {k: meta[k] for k in ("continue", "remainingItemCount") if is_list and k in meta}
        return table(resource, registry.columns(resource), objects, kept, datetime.now(UTC))
    if not is_list:
        return metadata_only(body)
    return {
        "kind": "PartialObjectMetadataList",
        **_META_GROUP,
        "metadata": body["metadata"],
        "items": [metadata_only(obj) for obj in objects],
    }


def _from_protobuf(data: bytes, what: str) -> dict[str, Any]:
    try:
        return decode(data) if data else {}
    except UnknownKindError as error:
        raise unsupported_media_type((_JSON, _YAML), _NO_PROTOBUF) from error
    except ProtobufError as error:
        raise bad_request(
            f"the object provided is unrecognized (must be of type {what}): proto: {error}"
        ) from error


def _is_pretty(request: web.Request) -> bool:
    """
    Tell whether a person reads along.

    Source: isPrettyPrint in k8s.io/apiserver/pkg/endpoints/handlers/negotiation
    """
    if "pretty" in request.query:
        return is_true(request.query, "pretty")
    return request.headers.get("User-Agent", "").startswith(("curl", "Wget", "Mozilla/5.0"))


def _shape(accept: str) -> str:
    """Return what ``as=`` of the first acceptable media type says; empty for the plain object."""
    for choice in accept.split(","):
        parts = [part.strip() for part in choice.split(";")]
        if parts[0] not in (_JSON, _YAML, "*/*"):
            continue
        said = dict(part.partition("=")[::2] for part in parts[1:])
        shape = said.get("as", "")
        return shape.removesuffix("List") if shape.startswith("PartialObject") else shape
    return ""


def _parsed(data: bytes, what: str, *, is_yaml: bool) -> Any:
    if not data:
        return {}
    try:
        return yaml.load(data, _Loader) if is_yaml else json.loads(data)  # noqa: S506 - a safe one
    except (ValueError, yaml.YAMLError) as error:
        # The body is not repeated: it may hold a secret.
        raise bad_request(
            f"the object provided is unrecognized (must be of type {what}): couldn't get "
            f"version/kind; {'yaml' if is_yaml else 'json'} parse error"
        ) from error
