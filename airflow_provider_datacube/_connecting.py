"""Import ``_clients``, and with it the Kubernetes clients, when somebody first needs them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, TypeVar

from datacube_api.errors import DataCubeForbiddenError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import ModuleType

    from airflow_provider_datacube._clients import AsyncCubes, Cubes, Secrets
    from airflow_provider_datacube._facts import Facts
    from datacube_api.reference import CubeRef

Client = TypeVar("Client")
Answer = TypeVar("Answer")


class Renewed(Generic[Client]):
    """A client that is opened when it is first asked, and anew after a 401: credentials expire."""

    def __init__(self, open_: Callable[[], Client]) -> None:
        self._open = open_

    @cached_property
    def client(self) -> Client:
        """The client as it was opened last."""
        return self._open()

    def ask(self, verb: Callable[[Client], Answer]) -> Answer:
        """Ask; after a 401 once more with new credentials."""
        try:
            return verb(self.client)
        except DataCubeForbiddenError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        del self.client
        return verb(self.client)


def open_cubes(conn_id: str) -> Cubes:
    """
    Return the DataCubes behind an Airflow connection; its namespace is the default one.

    :raises DataCubeApiError: the connection leads nowhere.
    """
    cubes: Cubes = _clients().open_cubes(conn_id)
    return cubes


def open_secrets(conn_id: str) -> Secrets:
    """
    Return the Secrets behind an Airflow connection, in the same way.

    :raises DataCubeApiError: the connection leads nowhere.
    """
    secrets: Secrets = _clients().open_secrets(conn_id)
    return secrets


@asynccontextmanager
async def connect(conn_id: str) -> AsyncIterator[AsyncCubes]:
    """Open the same for an event loop, with credentials that are read anew each time."""
    # The first import takes seconds of CPU: not in the loop that all triggers share.
    clients = await asyncio.to_thread(_clients)
    async with clients.connect(conn_id) as cubes:
        yield cubes


async def facts_of(conn_id: str, ref: CubeRef, pod: str = "") -> Facts:
    """Return what can be found out about a DataCube, in a bounded time and without an error."""
    clients = await asyncio.to_thread(_clients)
    facts: Facts = await clients.facts_of(conn_id, ref, pod)
    return facts


def _clients() -> ModuleType:
    from airflow_provider_datacube import _clients  # noqa: PLC0415 - see the module's docstring

    return _clients
