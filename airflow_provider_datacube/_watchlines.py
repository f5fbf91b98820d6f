"""
What a watch says, from the bytes of its stream: pure, and no client knows of it.

A line is taken as long as it is. The HTTP client's own reader gives up at 128 KiB, and an object
with its managed fields may have more.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._refusals import Request, refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

_NO_MORE: tuple[str, dict[str, Any]] = ("ERROR", {"code": HTTPStatus.GONE})


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a stream, whatever pieces it comes in; what was cut off comes last."""
    begun: list[bytes] = []
    async for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield b"".join((*begun, line))
            begun.clear()
        begun.append(rest)
    if last := b"".join(begun):
        yield last


def watch_event(request: Request, line: bytes) -> tuple[str, dict[str, Any]]:
    """
    Return the kind and the object of one line.

    :raises DataCubeApiError: the line is an error. One that was cut off counts as 410 Gone: what
        it would have said is unknown, so everything has to be read again.
    """
    try:
        said = json.loads(line)
        kind, cube = said["type"], said["object"]
    except (ValueError, KeyError, TypeError):
        kind, cube = _NO_MORE
    if kind == "ERROR":
        raise refused(request, int(cube.get("code") or HTTPStatus.GONE), json.dumps(cube))
    return kind, cube
