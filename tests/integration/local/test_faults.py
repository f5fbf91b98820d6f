from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientPayloadError
from aiohttp.test_utils import TestClient, TestServer

from datacube_runtime.local.apiserver.server import application
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import PODS
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PATH = "/api/v1/namespaces/default/pods/p/log"


@asynccontextmanager
async def asking(log_path: Callable[..., Path]) -> AsyncIterator[TestClient[Any, Any]]:
    """Serve one pod whose log is somewhere."""
    store = Store(":memory:")
    registry = Registry(store)
    containers = [{"name": "c", "image": "none", "command": ["true"]}]
    spec = {"restartPolicy": "Never", "nodeName": "n", "containers": containers}
    registry.create(PODS, "default", {"metadata": {"name": "p"}, "spec": spec})
    server = TestServer(application(registry, "t", log_path))
    async with TestClient(server, headers={"Authorization": "Bearer t"}) as client:
        yield client
    store.close()


async def test_a_fault_is_answered_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def lost(*_: str) -> Path:
        raise RuntimeError("the detail")

    async with asking(lost) as client:
        answer = await client.get(PATH)
        said = await answer.json()
    assert (answer.status, said["reason"]) == (500, "InternalError")
    assert "the detail" not in said["message"]
    assert "the detail" in caplog.text
    assert PATH in caplog.text


async def test_a_fault_on_the_way_cuts_the_answer_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A directory exists and cannot be read.
    async with asking(lambda *_: tmp_path) as client:
        with pytest.raises((ClientPayloadError, ConnectionError)):
            await (await client.get(PATH)).read()
    assert "IsADirectoryError" in caplog.text
