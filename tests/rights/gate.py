"""
A gate before a cluster: lets through what an account may do, and remembers what was made use of.

The embedded cluster has no authorization. Behind this gate it has: what no rule allows is answered
with 403 as a real API server says it, and noted.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from tests.rights.judging import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rights.judging import Account, Right

_PASSED_ON = ("Content-Type", "Accept")


@dataclass
class Gate:
    """The way through, and what has been asked on it."""

    account: Account
    kubeconfig: Path
    used: set[Right] = field(default_factory=set)
    refused: list[Asked] = field(default_factory=list)

    def opens_for(self, request: web.Request) -> Asked | None:
        """Return what is refused; None where the account may."""
        asked = Asked.of(request.method, request.path, request.query)
        if asked is None:
            return None
        if (right := self.account.right_to(asked)) is None:
            self.refused.append(asked)
            return asked
        self.used.add(right)
        return None


@contextmanager
def gate(behind: Path, account: Account, directory: Path) -> Iterator[Gate]:
    """Stand before the cluster of a kubeconfig; write one that leads through, into a directory."""
    opened = Gate(account, directory / f"{account.name}.kubeconfig")
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        server, token, context = _cluster(behind)
        headers = {"Authorization": f"Bearer {token}"}
        connector = TCPConnector(ssl=context, limit=0)
        timeout = ClientTimeout(total=None)
        async with ClientSession(connector=connector, headers=headers, timeout=timeout) as http:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", _passing(opened, http, server))
            runner = web.AppRunner(
                app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True
            )
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            _write_kubeconfig(opened.kubeconfig, runner.addresses[0][1])
            ready.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield opened
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def _cluster(kubeconfig: Path) -> tuple[str, str, ssl.SSLContext]:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    token = config["users"][0]["user"]["token"]
    return cluster["server"], token, ssl.create_default_context(cadata=authority)


def _write_kubeconfig(path: Path, port: int) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "gate",
        "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "gate"}}],
        "clusters": [{"name": "gate", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "gate", "user": {}}],
    }
    path.write_text(yaml.safe_dump(config))


def _passing(opened: Gate, http: ClientSession, server: str) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        if (refused := opened.opens_for(request)) is not None:
            return _forbidden(opened.account.name, refused)
        asked = http.request(
            request.method,
            f"{server}{request.rel_url}",
            headers={key: request.headers[key] for key in _PASSED_ON if key in request.headers},
            data=await request.read(),
        )
        async with asked as answer:
            kind = answer.headers.get("Content-Type", "")
            passed = web.StreamResponse(status=answer.status, headers={"Content-Type": kind})
            await passed.prepare(request)
            async for piece in answer.content.iter_any():
                await passed.write(piece)
            await passed.write_eof()
            return passed

    return handle


def _forbidden(account: str, asked: Asked) -> web.Response:
    message = (
        f"{account} cannot {asked.verb} {asked.resource} in {asked.namespace or 'the cluster'}"
    )
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": "Forbidden",
        "code": 403,
    }
    return web.json_response(status, status=403)
