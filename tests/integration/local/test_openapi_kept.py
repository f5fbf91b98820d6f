from __future__ import annotations

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

PLACE = "/openapi/v3/api/v1"


@asynccontextmanager
async def asking(tmp_path: Path) -> AsyncIterator[TestClient[Any, Any]]:
    store = Store(":memory:")
    server = TestServer(application(Registry(store), "t", lambda *_: tmp_path))
    async with TestClient(server, headers={"Authorization": "Bearer t"}) as client:
        yield client
    store.close()


async def test_a_document_stands_under_its_hash_for_good(tmp_path: Path) -> None:
    async with asking(tmp_path) as client:
        index = await (await client.get("/openapi/v3")).json(content_type=None)
        place = index["paths"]["api/v1"]["serverRelativeURL"]
        kept = await client.get(place)
        plain = await client.get(PLACE)
        moved = await client.get(f"{PLACE}?hash=ABC", allow_redirects=False)
    tag = kept.headers["ETag"].strip('"')
    assert place == f"{PLACE}?hash={tag}"
    assert kept.headers["Cache-Control"] == "public, immutable"
    assert plain.headers["Cache-Control"] == "no-cache, private"
    assert (moved.status, moved.headers["Location"]) == (301, place)


@pytest.mark.parametrize(("tag", "status"), [("", 304), ("another", 200)])
async def test_a_document_that_a_client_has_is_not_sent_again(
    tmp_path: Path, tag: str, status: int
) -> None:
    async with asking(tmp_path) as client:
        found = await client.get(PLACE)
        known = f'"{tag}"' if tag else found.headers["ETag"]
        again = await client.get(PLACE, headers={"If-None-Match": known})
        body = await again.read()
    assert again.status == status
    assert bool(body) is (status == 200)


async def test_a_refusal_may_be_yaml(tmp_path: Path) -> None:
    accept = {"Accept": "application/yaml"}
    async with asking(tmp_path) as client:
        answer = await client.get("/api/v1/namespaces/default/pods/absent", headers=accept)
        text = await answer.text()
    assert (answer.status, answer.content_type) == (404, "application/yaml")
    assert "reason: NotFound" in text
