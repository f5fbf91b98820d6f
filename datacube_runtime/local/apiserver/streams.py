"""
Answers that grow: watches and followed logs, sent piece by piece until they end or nobody reads.

A client that goes away in the middle is no error. A fault of ours in the middle cannot become a
500 any more, since the 200 is on its way: the connection is cut, which no client takes for an end
in good order.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from aiohttp import web

from datacube_runtime.local.registry.errors import ApiStatusError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_log = logging.getLogger(__name__)


async def send(
    request: web.Request, content_type: str, pieces: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    """Send an answer piece by piece."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    async with aclosing(pieces):
        try:
            await response.prepare(request)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except ApiStatusError as error:
            # What cannot be shown as the client wants it ends a watch; so it does at a real server.
            _log.debug("%s %s ends: %s", request.method, request.path, error)
            await response.write_eof()
        except ConnectionError:
            _log.debug("%s %s: the client has gone", request.method, request.path)
        except Exception:  # noqa: BLE001 - the last guard, where the server's own comes too late
            _log.exception("%s %s failed on the way", request.method, request.path)
            if request.transport is not None:
                request.transport.abort()
    return response
