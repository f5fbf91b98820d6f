"""
The API server: who may ask, what is where, and nothing raised that is not answered.

Only this machine may ask: it listens on 127.0.0.1, wants its token on everything but the health
checks, and refuses a Host that is not this machine, so that no web page can reach it by a name
that resolves here (DNS rebinding). There is no authorization: whoever has the token may do all.
"""

from __future__ import annotations

import hmac
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from datacube_runtime.local.apiserver import discovery
from datacube_runtime.local.apiserver.bodies import answer, refusal
from datacube_runtime.local.apiserver.verbs import Verbs
from datacube_runtime.local.registry.errors import ApiStatusError, bad_request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from datacube_runtime.local.apiserver.verbs import LogPath
    from datacube_runtime.local.registry.registry import Registry

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOST = "127.0.0.1"
_HOSTS = (HOST, "localhost")
_HEALTH = ("/healthz", "/readyz", "/livez")
_MAX_BODY = 3 * 1024 * 1024  # what a real API server takes
_STOP_S = 1.0

_log = logging.getLogger(__name__)


def application(registry: Registry, token: str, log_path: LogPath) -> web.Application:
    """Return the server as an aiohttp application."""
    app = web.Application(
        middlewares=[_answer_refusals, _refuse_strangers(token)], client_max_size=_MAX_BODY
    )
    for path in _HEALTH:
        app.router.add_get(path, _healthy)
    _add_discovery(app, registry)
    verbs = Verbs(registry, log_path)
    app.router.add_route("*", "/api/{version}/{rest:.+}", verbs.handle)
    app.router.add_route("*", "/apis/{group}/{version}/{rest:.+}", verbs.handle)
    return app


async def serve(
    app: web.Application, port: int, context: ssl.SSLContext
) -> tuple[web.AppRunner, int]:
    """Start serving over TLS; return what to clean up, and the port (0 asks for any free one)."""
    # A watch is a handler that never returns by itself: it is cancelled soon after the stop.
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_STOP_S)
    await runner.setup()
    site = web.TCPSite(runner, HOST, port, ssl_context=context)
    await site.start()
    address: tuple[str, int] = runner.addresses[0]
    return runner, address[1]


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiStatusError as error:
        return refusal(error)
    except web.HTTPNotFound:
        return web.Response(text="404 page not found\n", status=HTTPStatus.NOT_FOUND)
    except web.HTTPRequestEntityTooLarge:
        code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        message = f"Request entity too large: limit is {_MAX_BODY}"
        return refusal(ApiStatusError(code, "RequestEntityTooLarge", message))


def _refuse_strangers(token: str) -> Any:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = request.host.rpartition(":")[0] or request.host
        if name not in _HOSTS:
            raise bad_request("this server answers to 127.0.0.1 and localhost only")
        said = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if request.path not in _HEALTH and not hmac.compare_digest(said, expected):
            raise ApiStatusError(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")
        return await handler(request)

    return middleware


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


def _add_discovery(app: web.Application, registry: Registry) -> None:
    catalog = registry.catalog

    def tell(path: str, told: Callable[[web.Request], dict[str, Any]]) -> None:
        async def handler(request: web.Request) -> web.Response:
            return answer(request, told(request))

        for variant in (path, f"{path}/"):  # kr8s asks with a slash at the end
            app.router.add_get(variant, handler)

    def of(request: web.Request) -> tuple[str, str]:
        return request.match_info.get("group", ""), request.match_info["version"]

    tell("/version", lambda _: discovery.VERSION)
    tell("/api", lambda request: discovery.core_versions(request.host))
    tell("/apis", lambda _: discovery.groups(catalog))
    tell("/apis/{group}", lambda r: discovery.group(catalog, r.match_info["group"]))
    tell("/api/{version}", lambda r: discovery.api_resources(catalog, *of(r)))
    tell("/apis/{group}/{version}", lambda r: discovery.api_resources(catalog, *of(r)))
    tell("/openapi/v3", lambda _: discovery.openapi_index(catalog))
    for path in ("/openapi/v3/api/{version}", "/openapi/v3/apis/{group}/{version}"):
        tell(path, lambda r: discovery.openapi_document(catalog, *of(r), registry.schemas()))
