"""
Bodies in and out: JSON and YAML read, objects shown as JSON, YAML, tables or metadata only.

Protobuf is not spoken. kubectl sends it for a few imperative commands and does not fall back, so
the refusal says which way round works.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web

from datacube_runtime.local.apiserver.table import metadata_only, table
from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    bad_request,
    unsupported_media_type,
)
from datacube_runtime.local.registry.patches import refuse_unknown_type

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

_JSON = "application/json"
_YAML = "application/yaml"
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_READ = (_JSON, _YAML, _PROTOBUF)
_NO_PROTOBUF = (
    "the embedded cluster reads no protobuf: instead of `kubectl create KIND …` use "
    "`kubectl create KIND … --dry-run=client -o yaml | kubectl apply -f -`"
)
_META_GROUP = {"apiVersion": "meta.k8s.io/v1"}


async def read_object(request: web.Request, what: str) -> dict[str, Any]:
    """
    Return the object that a request carries; empty where it carries nothing.

    :raises ApiStatusError: (400, 415) it is in no format that is spoken here.
    """
    media_type = request.content_type if "Content-Type" in request.headers else _JSON
    if media_type == _PROTOBUF:
        raise unsupported_media_type((_JSON, _YAML), _NO_PROTOBUF)
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
    return request.content_type, _parsed(await request.read(), resource.kind, is_yaml=False)


def answer(
    request: web.Request, body: Any, status: int = 200, warnings: list[str] | None = None
) -> web.Response:
    """Return an answer as JSON, or as YAML where the client prefers that."""
    response: web.Response
    if request.headers.get("Accept", "").startswith(_YAML):
        text = yaml.safe_dump(body, sort_keys=True, width=1 << 16)
        response = web.Response(text=text, status=status, content_type=_YAML)
    else:
        data = json.dumps(body, separators=(",", ":")).encode()
        response = web.Response(body=data, status=status, content_type=_JSON)
    for warning in warnings or ():
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def refusal(error: ApiStatusError) -> web.Response:
    """Return the answer to a request that was refused."""
    headers = {}
    if "retryAfterSeconds" in error.details:
        headers["Retry-After"] = str(error.details["retryAfterSeconds"])
    return web.json_response(error.body(), status=error.code, headers=headers)


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
        return yaml.safe_load(data) if is_yaml else json.loads(data)
    except (ValueError, yaml.YAMLError) as error:
        # The body is not repeated: it may hold a secret.
        raise bad_request(
            f"the object provided is unrecognized (must be of type {what}): couldn't get "
            f"version/kind; {'yaml' if is_yaml else 'json'} parse error"
        ) from error
