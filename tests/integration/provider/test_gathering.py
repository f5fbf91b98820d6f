from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web

from airflow_provider_datacube._clients.gathering import gathered
from datacube_runtime.local import access

if TYPE_CHECKING:
    from pathlib import Path

MANY = 30


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_comes_in_quick_succession_is_taken_together(
    scheme: str, tmp_path: Path
) -> None:
    pem = access.certificate(tmp_path)
    trusted = ssl.create_default_context(cafile=pem)
    tls = access.server_context(pem) if scheme == "https" else None
    first_came = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first\n")
        await first_came.wait()
        for number in range(MANY):
            await response.write(f"{number}\n".encode())
            await asyncio.sleep(0.001)  # a packet each
        return response

    app = web.Application()
    app.router.add_get("/", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    pieces = []
    async with (
        ClientSession() as http,
        http.get(f"{scheme}://127.0.0.1:{runner.addresses[0][1]}", ssl=trusted) as it,
    ):
        async for piece in gathered(it):
            pieces.append(piece)
            first_came.set()
    await runner.cleanup()
    assert b"".join(pieces).split() == [b"first", *(str(n).encode() for n in range(MANY))]
    assert pieces[0] == b"first\n"
    assert len(pieces) < MANY / 3
