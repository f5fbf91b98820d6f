"""How the tests wait for what other threads and processes do."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def until(look: Callable[[], Any], timeout_s: float = 30) -> Any:
    """Return the first truthy look."""
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s; last seen: {seen!r}"
        threading.Event().wait(0.05)
    return seen


async def until_soon(is_so: Callable[[], Any], timeout_s: float = 20) -> None:
    """Wait for what tells nobody, in the event loop in which it happens."""
    async with asyncio.timeout(timeout_s):
        while not is_so():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)
