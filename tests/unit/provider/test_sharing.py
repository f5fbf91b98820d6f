from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datacube._sharing import SharedClients
from datacube_api.errors import DataCubeUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Opened:
    """What was opened, in order, and what is open."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.open = 0
        self.may_open = asyncio.Event()
        self.may_open.set()

    @asynccontextmanager
    async def connect(self, conn_id: str) -> AsyncIterator[str]:
        await self.may_open.wait()
        self.order.append(conn_id)
        if conn_id == "nowhere":
            raise DataCubeUnavailableError("no answer", 0)
        self.open += 1
        yield f"{conn_id}-{len(self.order)}"
        self.open -= 1


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def clients(opened: Opened) -> SharedClients[str]:
    return SharedClients(opened.connect)


async def test_many_share_one_client_and_the_last_closes_it(
    opened: Opened, clients: SharedClients[str]
) -> None:
    async with AsyncExitStack() as stack:
        shared = {await stack.enter_async_context(clients.connect("a")) for _ in range(100)}
        assert shared == {"a-1"}
        assert await stack.enter_async_context(clients.connect("b")) == "b-2"
        assert (len(clients), opened.open) == (2, 2)
    assert (len(clients), opened.open) == (0, 0)


async def test_after_a_fault_the_next_one_opens_anew_and_the_others_keep_theirs(
    opened: Opened, clients: SharedClients[str]
) -> None:
    async with clients.connect("a") as content:
        with pytest.raises(DataCubeUnavailableError):
            async with clients.connect("a"):
                raise DataCubeUnavailableError("no answer", 0)
        assert opened.open == 1
        async with clients.connect("a") as another:
            assert (content, another) == ("a-1", "a-2")
            assert opened.open == 2
    assert (len(clients), opened.open) == (0, 0)


async def test_who_is_cancelled_while_it_is_opened_cancels_it_for_nobody_else(
    opened: Opened, clients: SharedClients[str]
) -> None:
    async def use() -> str:
        async with clients.connect("a") as client:
            return client

    opened.may_open.clear()
    first, second = asyncio.create_task(use()), asyncio.create_task(use())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    opened.may_open.set()
    assert await second == "a-1"
    assert (first.cancelled(), len(clients), opened.open) == (True, 0, 0)


async def test_one_that_cannot_be_opened_is_told_to_all_and_kept_by_none(
    clients: SharedClients[str],
) -> None:
    async def use() -> None:
        async with clients.connect("nowhere"):
            pass

    told = await asyncio.gather(use(), use(), return_exceptions=True)
    assert [type(error) for error in told] == [DataCubeUnavailableError] * 2
    assert len(clients) == 0
