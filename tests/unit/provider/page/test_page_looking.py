"""Looks at DataCubes: shared by those who look at the same one, and few at a time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._facts import Facts
from airflow_provider_datacube._page.looking import Looking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from airflow_provider_datacube._page.rows import Row


class Cluster:
    """One whose answers wait until the test lets them go; it counts those that wait."""

    def __init__(self, cube: dict[str, Any]) -> None:
        self._cube = cube
        self.waiting = self.most = self.asked = 0
        self.go = asyncio.Event()
        self.busy = asyncio.Event()

    @asynccontextmanager
    async def connect(self, conn_id: str) -> AsyncIterator[Cluster]:
        assert conn_id == "k8s"
        yield self

    async def read(self, _: object) -> dict[str, Any]:
        self.asked += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        self.busy.set()
        await self.go.wait()
        self.waiting -= 1
        return self._cube

    async def facts(self, _: str, __: object) -> Facts:
        return Facts()


@pytest.fixture
def cluster(cube: dict[str, Any]) -> Cluster:
    return Cluster(cube)


@pytest.fixture
def looking(cluster: Cluster) -> Looking:
    return Looking(cluster.connect, cluster.facts)  # type: ignore[arg-type]  # what is needed of it


async def test_who_looks_at_the_same_shares_one_look(
    cluster: Cluster, looking: Looking, row: Callable[..., Row]
) -> None:
    looks = [asyncio.create_task(looking.look(row("u-1"))) for _ in range(20)]
    await cluster.busy.wait()
    cluster.go.set()
    await asyncio.gather(*looks)
    assert cluster.asked == 1


async def test_however_many_are_open_few_are_looked_at_side_by_side(
    cluster: Cluster, looking: Looking, row: Callable[..., Row]
) -> None:
    looks = [asyncio.create_task(looking.look(row(f"u-{n}"))) for n in range(20)]
    await cluster.busy.wait()
    cluster.go.set()
    await asyncio.gather(*looks)
    assert cluster.asked == 20
    assert cluster.most <= 4
