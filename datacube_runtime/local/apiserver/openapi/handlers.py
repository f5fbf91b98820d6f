"""
OpenAPI over HTTP: a document that a client has already is not sent again.

One whose hash stands in the address never changes there; under another hash it is somewhere else.

Source: k8s.io/kube-openapi/pkg/handler3/handler.go
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from datacube_runtime.local.apiserver.bodies import answer
from datacube_runtime.local.apiserver.openapi import old
from datacube_runtime.local.apiserver.openapi.documents import Documents

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry

_JSON, _TEXT = "application/json", "text/plain"


def add(app: web.Application, registry: Registry) -> None:
    """Serve everything below ``/openapi``."""
    documents = Documents(registry.catalog, registry.schemas)

    async def index(_request: web.Request) -> web.Response:
        return web.Response(text=json.dumps(documents.index()), content_type=_TEXT)

    async def document(request: web.Request) -> web.Response:
        return _document(request, documents)

    app.router.add_get("/openapi/v2", _old, allow_head=False)
    for place, handler in (
        ("/openapi/v3", index),
        ("/openapi/v3/api/{version}", document),
        ("/openapi/v3/apis/{group}/{version}", document),
    ):
        app.router.add_get(place, handler, allow_head=False)
        app.router.add_get(f"{place}/", handler, allow_head=False)


def _document(request: web.Request, documents: Documents) -> web.Response:
    group, version = request.match_info.get("group", ""), request.match_info["version"]
    document = documents.document(group, version)
    headers = {"ETag": f'"{document.hash}"', "Vary": "Accept"}
    asked = request.query.get("hash")
    if asked and asked != document.hash:
        headers["Location"] = documents.place(group, version)
        return web.Response(status=301, headers=headers)
    headers["Cache-Control"] = "public, immutable" if asked else "no-cache, private"
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=document.text, headers=headers, content_type=_JSON)


async def _old(request: web.Request) -> web.Response:
    if old.ACCEPTED not in request.headers.get("Accept", ""):
        return answer(request, old.DOCUMENT)
    return web.Response(body=old.as_protobuf(), content_type=old.PROTOBUF)
