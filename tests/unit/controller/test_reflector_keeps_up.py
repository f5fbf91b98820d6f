from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.errors import DataCubeUnavailableError
from datacube_runtime.controller.api import CUBES, ApiError, WatchEvent
from datacube_runtime.controller.backoff import Backoff
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.reflector import Reflector
from datacube_runtime.controller.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FAST = Backoff(first_s=0.001, longest_s=0.002)
EXPIRED = ApiError(410, "Expired", "too old resource version")
GONE = ApiError(500, "Gone", "too old resource version")
DOWN = DataCubeUnavailableError("no answer", 0)
CUBE = Key("ns", "cube")


class Followed:
    def __init__(self, api: Any) -> None:
        self.store = Store()
        self.seen: list[str] = []
        self.reflector = Reflector(api, CUBES, None, self.store, self.note, backoff=FAST)

    def note(self, obj: Any) -> None:
        self.seen.append(obj["metadata"]["name"])


@pytest.fixture
async def followed(api: Any, end: Any) -> AsyncIterator[Followed]:
    followed = Followed(api)
    task = asyncio.ensure_future(followed.reflector.run())
    yield followed
    await end(task)


async def watched(api: Any, until: Any) -> None:
    await until(lambda: api.watching.get("datacubes"))


async def test_what_was_there_before_is_listed(make: Any, api: Any, until: Any, end: Any) -> None:
    api.put(CUBES, make.cube())
    followed = Followed(api)
    task = asyncio.ensure_future(followed.reflector.run())
    await asyncio.wait_for(followed.reflector.synced.wait(), 1)
    assert followed.seen == ["cube"]
    await watched(api, until)
    await end(task)


async def test_changes_reach_the_store(make: Any, api: Any, followed: Followed, until: Any) -> None:
    await watched(api, until)
    api.put(CUBES, make.cube())
    await until(lambda: followed.store.get(CUBE))
    api.drop(CUBES, "cube")
    await until(lambda: followed.store.get(CUBE) is None)
    assert followed.seen == ["cube", "cube"]


async def test_a_bookmark_moves_the_version_and_nothing_else(
    api: Any, followed: Followed, until: Any
) -> None:
    await watched(api, until)
    api.tell(CUBES, WatchEvent("BOOKMARK", {"metadata": {"resourceVersion": "99"}}))
    await until(lambda: followed.reflector._version == "99")
    assert followed.seen == []


@pytest.mark.parametrize("error", [EXPIRED, GONE])
async def test_a_forgotten_version_is_listed_anew_and_deletions_are_found(
    make: Any, api: Any, followed: Followed, until: Any, error: ApiError
) -> None:
    await watched(api, until)
    api.put(CUBES, make.cube())
    await until(lambda: followed.store.get(CUBE))
    api.deaf.add("datacubes")
    api.drop(CUBES, "cube")
    api.deaf.clear()
    api.tell(CUBES, error)
    await until(lambda: followed.store.get(CUBE) is None)
    assert followed.seen == ["cube", "cube"]
    assert len(api.listed) == 2


async def test_a_broken_watch_goes_on_without_listing_again(
    make: Any, api: Any, followed: Followed, until: Any
) -> None:
    await watched(api, until)
    api.tell(CUBES, DOWN)
    await until(lambda: api.watches == 2)
    api.put(CUBES, make.cube())
    await until(lambda: followed.store.get(CUBE))
    assert len(api.listed) == 1


async def test_a_server_that_cannot_be_reached_is_asked_again(
    make: Any, api: Any, until: Any, end: Any, caplog: Any
) -> None:
    api.refuse["list datacubes"] = DOWN
    followed = Followed(api)
    task = asyncio.ensure_future(followed.reflector.run())
    await until(lambda: len(api.listed) > 1)
    assert not followed.reflector.synced.is_set()
    assert "cannot watch datacubes: no answer" in caplog.text
    api.refuse.clear()
    api.put(CUBES, make.cube())
    await until(followed.reflector.synced.is_set)
    assert followed.store.get(CUBE)
    await end(task)
