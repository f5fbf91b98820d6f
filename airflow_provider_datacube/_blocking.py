"""
Asynchronous work for one who blocks: an event loop of its own, which leaves no thread behind in it.

``asyncio.run`` waits at its end for the threads that resolve names. A resolver that hangs may take
half a minute, whatever limit the work itself had.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Answer = TypeVar("Answer")


def run(work: Coroutine[object, object, Answer]) -> Answer:
    """Return what the work returns, as soon as it does."""
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Unawaited())
        return runner.run(work)


class _Unawaited(ThreadPoolExecutor):
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - its signature
        super().shutdown(wait=False, cancel_futures=cancel_futures)
