"""
The event loop of the embedded cluster: uvloop, whose TLS costs about half of asyncio's own.

It is compiled, so there may be none for a new Python or a rare machine: asyncio's own loop does the
same there, more slowly.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def fastest() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the fastest event loop there is."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - only a server needs it
    except ImportError:
        return asyncio.new_event_loop
    return new_event_loop
