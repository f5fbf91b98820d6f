"""
What watchers get to read: a line of JSON for each change, made once for all who want the same.

A hundred clients that watch one resource in one representation are sent the same bytes. A table is
made for each of them, since it says how old things are.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.jsontext import encoded

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable, Mapping

    from datacube_runtime.local.apiserver.watching import Change

    Shown = Callable[[dict[str, Any]], Mapping[str, Any]]

_NO_OBJECT = "ERROR"  # what it carries is a Status, which has one shape


def _form(accept: str) -> str | None:
    """Return what lines for clients that accept this are shared under; None: a table is not."""
    return None if "Table" in accept else accept


async def lines(
    batches: AsyncGenerator[list[Change], None], version: str, shown: Shown, accepted: str
) -> AsyncGenerator[bytes, None]:
    """
    Yield the lines of each batch as one piece.

    ``version`` is the apiVersion that the client asked for, ``shown`` brings an object into the
    shape that it wants, ``accepted`` is how it asked for that shape.
    """
    shape = _form(accepted)
    shared = None if shape is None else (version, shape)
    async with aclosing(batches):
        async for changes in batches:
            if changes:
                yield b"".join([_line(change, shown, shared) for change in changes])


def _line(change: Change, shown: Shown, shared: Hashable | None) -> bytes:
    if change.event is None or shared is None:
        return _made(change, shown)
    known, key = change.event.lines, (change.kind, shared)
    line = known.get(key)
    if line is None:
        line = known[key] = _made(change, shown)
    return line


def _made(change: Change, shown: Shown) -> bytes:
    obj = change.object
    if change.kind != _NO_OBJECT:
        obj = shown(dict(obj))
    return encoded({"type": change.kind, "object": obj}) + b"\n"
