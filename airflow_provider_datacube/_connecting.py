"""Import ``_clients``, and with it the Kubernetes clients, when somebody first needs them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType

    from airflow_provider_datacube._clients import AsyncCubes, Cubes


def open_cubes(conn_id: str) -> Cubes:
    """
    Return the DataCubes behind an Airflow connection; its namespace is the default one.

    :raises DataCubeApiError: the connection leads nowhere.
    """
    cubes: Cubes = _clients().open_cubes(conn_id)
    return cubes


@asynccontextmanager
async def connect(conn_id: str) -> AsyncIterator[AsyncCubes]:
    """Open the same for an event loop, with credentials that are read anew each time."""
    # The first import takes seconds of CPU: not in the loop that all triggers share.
    clients = await asyncio.to_thread(_clients)
    async with clients.connect(conn_id) as cubes:
        yield cubes


def _clients() -> ModuleType:
    from airflow_provider_datacube import _clients  # noqa: PLC0415 - see the module's docstring

    return _clients
