"""
Bodies in and out: JSON and YAML read, objects shown as JSON, YAML, tables or metadata only.

Protobuf is read for the kinds that kubectl sends so, and never written. kubectl does not fall back
to JSON, so the refusal of any other kind says which way round works.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web
from yaml.constructor import ConstructorError

from datacube_runtime.local.apiserver.accepts import check_streamed, chosen
from datacube_runtime.local.apiserver.duplicates import twice
from datacube_runtime.local.apiserver.protobuf import ProtobufError, UnknownKindError, decode
from datacube_runtime.local.apiserver.syntaxerrors import in_go_words
from datacube_runtime.local.apiserver.tables.rendering import metadata_only, table, table_options
from datacube_runtime.local.apiserver.watching import is_true
from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    bad_request,
    not_acceptable,
    unsupported_media_type,
)
from datacube_runtime.local.registry.jsontext import NumberError, encoded, read
from datacube_runtime.local.registry.patches import APPLY, refuse_unknown_type

if TYPE_CHECKING:
    from datacube_runtime.local.apiserver.accepts import Choice
    from datacube_runtime.local.registry.options import Write
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
_DELETE = "DeleteOptions"


class _Loader(yaml.SafeLoader):
    """YAML as JSON knows it: a time is a string."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - so it is in PyYAML: a table of the class
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _finite(loader: _Loader, node: yaml.ScalarNode) -> float:
    """Return a number; what is none in JSON is none in YAML either."""
    number: float = loader.construct_yaml_float(node)
    if not math.isfinite(number):
        raise ConstructorError(problem="not a number", problem_mark=node.start_mark)
    return number


_Loader.add_constructor("tag:yaml.org,2002:float", _finite)


async def read_object(
    request: web.Request, what: str, write: Write | None = None
) -> dict[str, Any]:
    """
    Return the object that a request carries; empty where it carries nothing.

    Keys that stand twice are told to ``write``.

    :raises ApiStatusError: (400, 415) it is in no format that is spoken here.
    """
    media_type = request.content_type if "Content-Type" in request.headers else _JSON
    if media_type == _PROTOBUF:
        return _from_protobuf(await request.read(), what)
    if media_type not in (_JSON, _YAML):
        raise unsupported_media_type(_READ)
    data, is_delete = await request.read(), what == _DELETE
    if not data and is_delete:
        return {}
    unread = "" if is_delete else f"the object provided is unrecognized (must be of type {what}): "
    unread += "couldn't get version/kind; {} parse error: "
    body, is_sure = _parsed(data, unread, is_yaml=media_type == _YAML)
    if write is not None and not is_sure:
        write.unknown += twice(data)
    if not isinstance(body, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {what})")
    return body


async def read_patch(request: web.Request, resource: Resource) -> tuple[str, Any]:
    """
    Return the format and the content of a patch.

    :raises ApiStatusError: (400, 415) it is in no format that is spoken here.
    """
    refuse_unknown_type(request.content_type, resource)
    is_yaml, data = request.content_type == APPLY, await request.read()
    unread = "error decoding YAML: " if is_yaml else "error decoding patch: "
    patch, _ = _parsed(data, unread, is_yaml=is_yaml)
    return request.content_type, patch


def answer(
    request: web.Request, body: Any, status: int = 200, warnings: list[str] | None = None
) -> web.Response:
    """Return an answer as JSON, or as YAML where the client prefers that."""
    response: web.Response
    if request.headers.get("Accept", "").startswith(_YAML):
        text = yaml.safe_dump(body, sort_keys=True, width=1 << 16, encoding="utf-8")
        response = web.Response(body=text, status=status, content_type=_YAML)
    else:
        data = json.dumps(body, indent=2).encode() if _is_pretty(request) else encoded(body)
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
    """
    Return an object or a list in the shape that the client asks for: as is, table, metadata.

    :raises ApiStatusError: (400, 406) the shape is none for this.
    """
    is_list = "items" in body
    choice = _choice(request, is_custom=resource.is_custom, is_collection=is_list)
    if not choice.shape or body.get("kind") == "Status":
        return body
    objects = body["items"] if is_list else [body]
    if choice.shape == "Table":
        options = table_options(request.query, choice.api_version)
        columns, now = registry.columns(resource), datetime.now(UTC)
        return table(resource, columns, objects, _table_meta(body), now, options=options)
    if is_list != choice.shape.endswith("List"):
        raise _other_shape(resource, choice.shape, is_list=is_list)
    if not is_list:
        return metadata_only(body, choice.api_version)
    return {
        "kind": choice.shape,
        "apiVersion": choice.api_version,
        "metadata": body["metadata"],
        "items": [metadata_only(obj, choice.api_version) for obj in objects],
    }


def refuse_unaccepted(request: web.Request, resource: Resource, *, is_collection: bool) -> None:
    """
    Refuse a request whose answer could not be written, before anything is done.

    :raises ApiStatusError: (406) the client takes nothing that is spoken here.
    """
    _choice(request, is_custom=resource.is_custom, is_collection=is_collection)


def refuse_unstreamed(request: web.Request, resource: Resource) -> None:
    """
    Refuse a watch that cannot be written line by line, before it begins.

    :raises ApiStatusError: (406) the client wants it in another format than JSON.
    """
    check_streamed(_choice(request, is_custom=resource.is_custom, is_collection=True))


def _choice(request: web.Request, *, is_custom: bool, is_collection: bool) -> Choice:
    accept = request.headers.get("Accept", "")
    return chosen(accept, is_custom=is_custom, is_collection=is_collection)


def _table_meta(body: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that a table takes over."""
    kept = ("resourceVersion", "continue", "remainingItemCount")
    return {field: body["metadata"][field] for field in kept if field in body["metadata"]}


def _other_shape(resource: Resource, shape: str, *, is_list: bool) -> ApiStatusError:
    """Refuse to show a list as one object, or one object as a list; told in Go's types."""
    package = (resource.group or "core").partition(".")[0]
    go_type = f"{package}.{resource.list_name if is_list else resource.kind}"
    if resource.is_custom:
        go_type = f"unstructured.Unstructured{'List' if is_list else ''}"
    what = "a list" if is_list else "not a list"
    return not_acceptable(f"you requested {shape}, but the requested object is {what} (*{go_type})")


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


def _parsed(data: bytes, unread: str, *, is_yaml: bool) -> tuple[Any, bool]:
    """
    Return what a text says, and whether it surely has no key that stands twice.

    ``unread`` begins the refusal of one that says nothing.
    """
    try:
        return (yaml.load(data, _Loader), False) if is_yaml else read(data)  # noqa: S506 - a safe one
    except json.JSONDecodeError as error:
        # The body is not repeated: it may hold a secret.
        why = in_go_words(error) + (" (<empty>)" if not data and "{}" in unread else "")
        raise bad_request(unread.format("json") + why) from error
    except NumberError as error:
        raise bad_request(unread.format("json") + str(error)) from error
    except (ValueError, yaml.YAMLError) as error:
        why = "it is no text in UTF-8" if isinstance(error, UnicodeError) else "it is no YAML"
        raise bad_request(unread.format("yaml" if is_yaml else "json") + why) from error
