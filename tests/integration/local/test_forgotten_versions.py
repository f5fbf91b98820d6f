from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from datacube_runtime.local.apiserver.server import application
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MAPS = "/api/v1/namespaces/default/configmaps"
WINDOW = 16
Client = TestClient[Any, Any]


@asynccontextmanager
async def life(path: Path) -> AsyncIterator[Client]:
    """Serve a state that remembers few changes; each call is another life of the same cluster."""
    store = Store(path, WINDOW)
    server = TestServer(application(Registry(store), "t", lambda *_: path))
    try:
        async with TestClient(server, headers={"Authorization": "Bearer t"}) as client:
            yield client
    finally:
        store.close()


async def create(client: Client, *names: str) -> None:
    for name in names:
        async with client.post(MAPS, json={"metadata": {"name": name}}) as answer:
            assert answer.status == 201


async def listed(client: Client) -> tuple[str, set[str]]:
    async with client.get(MAPS) as answer:
        body = await answer.json()
    return body["metadata"]["resourceVersion"], {o["metadata"]["name"] for o in body["items"]}


async def watched(client: Client, since: str, count: int, **query: str) -> list[dict[str, Any]]:
    asked = {"watch": "true", "resourceVersion": since, "timeoutSeconds": "20", **query}
    events: list[dict[str, Any]] = []
    async with client.get(MAPS, params=asked) as answer:
        while len(events) < count and (line := await answer.content.readline()):
            events.append(json.loads(line))
    return events


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["object"]["metadata"]["name"] for event in events]


async def test_who_comes_back_too_late_lists_again_and_has_lost_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    before = [f"a{number}" for number in range(3)]
    missed = [f"b{number}" for number in range(2 * WINDOW)]
    async with life(path) as client:
        await create(client, *before)
        seen, there = await listed(client)
        assert there == {*before}
        await create(client, *missed)
    async with life(path) as client:
        (told,) = await watched(client, seen, 2)
        assert told["type"] == "ERROR"
        assert (told["object"]["code"], told["object"]["reason"]) == (410, "Expired")
        since, there = await listed(client)
        assert there == {*before, *missed}
        await create(client, "c0", "c1")
        assert names(await watched(client, since, 2)) == ["c0", "c1"]


async def test_who_comes_back_in_time_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with life(path) as client:
        await create(client, "a")
        since, _ = await listed(client)
        await create(client, "b")
    async with life(path) as client:
        await create(client, "c")
        assert names(await watched(client, since, 2)) == ["b", "c"]


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("application/json", "ConfigMap"),
        ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "PartialObjectMetadata"),
        ("application/json;as=Table;g=meta.k8s.io;v=v1", "Table"),
    ],
)
async def test_each_watcher_of_a_change_gets_the_shape_that_it_asked_for(
    tmp_path: Path, shape: str, kind: str
) -> None:
    async with life(tmp_path / "state.db") as client:
        since, _ = await listed(client)
        await create(client, "a")
        await watched(client, since, 1)  # somebody else, who wants the plain object
        query = {"watch": "true", "resourceVersion": since, "timeoutSeconds": "20"}
        async with client.get(MAPS, params=query, headers={"Accept": shape}) as answer:
            event = json.loads(await answer.content.readline())
    assert (event["type"], event["object"]["kind"]) == ("ADDED", kind)


async def test_watchers_with_other_selectors_are_told_other_things(tmp_path: Path) -> None:
    async with life(tmp_path / "state.db") as client:
        body = {"metadata": {"name": "a", "labels": {"x": "1"}}}
        await (await client.post(MAPS, json=body)).read()
        since, _ = await listed(client)
        patch = json.dumps({"metadata": {"labels": {"x": "2"}}})
        kind = {"Content-Type": "application/merge-patch+json"}
        await (await client.patch(f"{MAPS}/a", data=patch, headers=kind)).read()
        told = {
            selector: (await watched(client, since, 1, labelSelector=selector))[0]
            for selector in ("", "x=1", "x=2", "x")
        }
    kinds = {selector: event["type"] for selector, event in told.items()}
    assert kinds == {"": "MODIFIED", "x=1": "DELETED", "x=2": "ADDED", "x": "MODIFIED"}
    versions = {event["object"]["metadata"]["resourceVersion"] for event in told.values()}
    assert versions == {str(int(since) + 1)}
    assert told["x=1"]["object"]["metadata"]["labels"] == {"x": "1"}
