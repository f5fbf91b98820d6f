"""
The API server: who may ask, what is where, and nothing raised that is not answered.

Only this machine may ask: it listens on 127.0.0.1, wants its token on everything but the health
checks, and refuses a Host that is not this machine, so that no web page can reach it by a name
that resolves here (DNS rebinding). There is no authorization: whoever has the token may do all.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from datacube_runtime.local.apiserver import discovery
from datacube_runtime.local.apiserver.bodies import answer, refusal
from datacube_runtime.local.apiserver.logtimes import LogTimes
from datacube_runtime.local.apiserver.openapi import handlers as openapi
from datacube_runtime.local.apiserver.verbs import Verbs
from datacube_runtime.local.registry.errors import (
    ApiStatusError,
    UnknownPlaceError,
    bad_request,
    method_not_allowed,
)
from datacube_runtime.local.registry.store import NotStoredError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

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
        middlewares=[_answer_refusals, _answer_faults, _refuse_strangers(token)],
        client_max_size=_MAX_BODY,
    )
    verbs = Verbs(registry, log_path)
    # First, because they are asked for most, and routes are tried in this order.
    app.router.add_route("*", "/api/{version}/{rest:.+}", verbs.handle)
    app.router.add_route("*", "/apis/{group}/{version}/{rest:.+}", verbs.handle)
    for path in _HEALTH:
        app.router.add_get(path, _healthy)
    _add_discovery(app, registry)
    openapi.add(app, registry)
    app.cleanup_ctx.append(_keeping_log_times(registry, log_path))
    return app


async def serve(
    app: web.Application, port: int, context: ssl.SSLContext
) -> tuple[web.AppRunner, int]:
    """Start serving over TLS; return what to clean up, and the port (0 asks for any free one)."""
    # A watch is a handler that never returns by itself: it is cancelled soon after the stop.
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_STOP_S,
        handler_cancellation=True,  # a watcher that has gone is no longer written for
    )
    await runner.setup()
    site = web.TCPSite(runner, HOST, port, ssl_context=context)
    await site.start()
    address: tuple[str, int] = runner.addresses[0]
    return runner, address[1]


def _keeping_log_times(
    registry: Registry, log_path: LogPath
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def keeping(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(LogTimes(registry, log_path).run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return keeping


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except UnknownPlaceError as error:
        return _page(error)
    except ApiStatusError as error:
        return refusal(request, error)
    except web.HTTPNotFound:
        return _page(UnknownPlaceError())
    except web.HTTPMethodNotAllowed:
        return refusal(request, method_not_allowed())
    except web.HTTPRequestEntityTooLarge:
        code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        message = f"Request entity too large: limit is {_MAX_BODY}"
        return refusal(request, ApiStatusError(code, "RequestEntityTooLarge", message))


@web.middleware
async def _answer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what went wrong on this side; the client hears no more than it needs."""
    try:
        return await handler(request)
    except (ApiStatusError, web.HTTPException):
        raise
    except NotStoredError as error:  # as a real API server answers when etcd has no space
        _log.error("%s %s was not stored: %s", request.method, request.path, error)
        raise _fault(f"the change was not stored: {error}") from error
    except Exception as error:
        # The last guard: one request that meets a fault of ours is answered like any other.
        _log.exception("%s %s failed", request.method, request.path)
        raise _fault("see the log of datacube-local") from error


def _page(unknown: UnknownPlaceError) -> web.Response:
    if not unknown.page:
        return web.Response(status=unknown.code)
    return web.Response(text=unknown.page, status=unknown.code)


def _fault(why: str) -> ApiStatusError:
    message = f"Internal error occurred: {why}"
    return ApiStatusError(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message)


def _refuse_strangers(token: str) -> Any:
    """Let in who has the token; clients in pods write ``bearer``, which is the same (RFC 9110)."""
    expected = token.encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        if (host.rpartition(":")[0] or host) not in _HOSTS:
            raise bad_request("this server answers to 127.0.0.1 and localhost only")
        scheme, _, said = request.headers.get("Authorization", "").partition(" ")
        is_it = hmac.compare_digest(said.encode(errors="surrogateescape"), expected)
        if request.path not in _HEALTH and not (scheme.lower() == "bearer" and is_it):
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
            app.router.add_get(variant, handler, allow_head=False)  # nor does a real one

    def of(request: web.Request) -> tuple[str, str]:
        return request.match_info.get("group", ""), request.match_info["version"]

    tell("/version", lambda _: discovery.VERSION)
    tell("/api", lambda request: discovery.core_versions(request.host))
    tell("/apis", lambda _: discovery.groups(catalog))
    tell("/apis/{group}", lambda r: discovery.group(catalog, r.match_info["group"]))
    tell("/api/{version}", lambda r: discovery.api_resources(catalog, *of(r)))
    tell("/apis/{group}/{version}", lambda r: discovery.api_resources(catalog, *of(r)))
