"""How the tests wait for what other threads and processes do."""

from __future__ import annotations

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
