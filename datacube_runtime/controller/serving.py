"""``/livez``, ``/readyz`` and ``/metrics`` over HTTP: read-only, without names or secrets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from datacube_api.errors import DataCubeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from datacube_runtime.controller.health import Health
    from datacube_runtime.controller.metrics import Metrics


@asynccontextmanager
async def serving(host: str, port: int, health: Health, metrics: Metrics) -> AsyncIterator[int]:
    """
    Serve while the block runs; yield the port, which 0 leaves to the system.

    :raises DataCubeError: nothing can be served there.
    """
    app = web.Application()
    app.router.add_get("/livez", _probe(health.dead))
    app.router.add_get("/readyz", _probe(health.unready))

    async def show(_request: web.Request) -> web.Response:
        kind = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=metrics.text(), headers=kind)

    app.router.add_get("/metrics", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise DataCubeError(f"--listen: cannot serve on {host}:{port}: {error}") from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _probe(
    problems: Callable[[], list[str]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.Response:
        if found := problems():
            return web.Response(text="\n".join(found), status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(text="ok")

    return answer
