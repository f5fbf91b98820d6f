"""
One open client for all sensors of a triggerer over one Airflow connection.

Each looks seldom, and there may be thousands. Who meets a fault gives the client up: whoever asks
next opens another, with credentials that are read anew, and those who are content keep theirs.
"""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from airflow_provider_datacube._connecting import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from airflow_provider_datacube._clients import AsyncCubes

Client = TypeVar("Client")
Key: TypeAlias = tuple[asyncio.AbstractEventLoop, str]


class SharedClients(Generic[Client]):
    """The clients that are open, by event loop and connection."""

    def __init__(self, open_: Callable[[str], AbstractAsyncContextManager[Client]]) -> None:
        self._open = open_
        self._held: dict[Key, _Held[Client]] = {}

    def __len__(self) -> int:
        return len(self._held)

    @asynccontextmanager
    async def connect(self, conn_id: str) -> AsyncIterator[Client]:
        """Open a client, or use the one that is open; the last who leaves closes it."""
        key = (asyncio.get_running_loop(), conn_id)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(self._open(conn_id))
        held.users += 1
        try:
            yield await held.client()
        except Exception:
            self._forget(key, held)
            raise
        finally:
            held.users -= 1
            if not held.users:
                self._forget(key, held)
                await held.close()

    def _forget(self, key: Key, held: _Held[Client]) -> None:
        if self._held.get(key) is held:
            del self._held[key]


class _Held(Generic[Client]):
    def __init__(self, context: AbstractAsyncContextManager[Client]) -> None:
        self.users = 0
        self._stack = AsyncExitStack()
        # In a context of its own: it is opened for nobody's task, whoever came first.
        self._opening = asyncio.create_task(
            self._stack.enter_async_context(context), context=contextvars.Context()
        )

    async def client(self) -> Client:
        """Return the client; one who is cancelled meanwhile cancels it for nobody else."""
        return await asyncio.shield(self._opening)

    async def close(self) -> None:
        self._opening.cancel()
        await asyncio.gather(self._opening, return_exceptions=True)
        await self._stack.aclose()


CLIENTS: SharedClients[AsyncCubes] = SharedClients(connect)
