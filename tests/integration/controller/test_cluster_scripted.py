from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiohttp import web

from datacube_api.errors import DataCubeUnavailableError
from datacube_runtime.controller.api import CUBES, ApiError
from datacube_runtime.controller.cluster import connected
from datacube_runtime.controller.objects import Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from datacube_runtime.controller.cluster import Cluster

CUBE = Key("default", "cube")


@pytest.fixture
def answering(tmp_path: Path) -> Any:
    """Return what talks to a server that gives one answer to everything, and notes the requests."""

    @asynccontextmanager
    async def answer(
        body: str, status: int = 200, asked: list[Any] | None = None
    ) -> AsyncIterator[Cluster]:
        async def handle(request: web.Request) -> web.Response:
            if asked is not None:
                asked.append((request.method, request.headers, dict(request.query)))
            return web.Response(text=body, status=status)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server = {"server": f"http://127.0.0.1:{runner.addresses[0][1]}"}
        config = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {"token": "canary-77"}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        async with connected(str(path)) as cluster:
            yield cluster
        await runner.cleanup()

    return answer


async def first(cluster: Cluster) -> Any:
    events = cluster.watch(CUBES, None, "7")
    try:
        return await anext(events, None)
    finally:
        await events.aclose()


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", "[]", ""])
async def test_an_error_that_is_no_status_is_still_told_by_its_code(
    answering: Any, body: str
) -> None:
    async with answering(body, 502) as cluster:
        with pytest.raises(ApiError) as error:
            await cluster.read(CUBES, CUBE)
    assert error.value.status == 502
    assert not error.value.is_expired


async def test_an_answer_that_is_no_json_is_no_answer(answering: Any) -> None:
    async with answering("<html>log in first</html>") as cluster:
        with pytest.raises(DataCubeUnavailableError) as error:
            await cluster.read(CUBES, CUBE)
    assert "canary-77" not in str(error.value)


async def test_an_expiry_inside_the_stream_is_told_like_one_outside(answering: Any) -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    async with answering(json.dumps({"type": "ERROR", "object": status}) + "\n") as cluster:
        with pytest.raises(ApiError) as error:
            await first(cluster)
    assert error.value.is_expired


async def test_a_line_that_was_cut_off_breaks_the_watch(answering: Any) -> None:
    async with answering('{"type": "MODIF') as cluster:
        with pytest.raises(DataCubeUnavailableError):
            await first(cluster)


async def test_a_watch_that_ends_says_nothing(answering: Any) -> None:
    async with answering("") as cluster:
        assert await first(cluster) is None


async def test_a_watch_asks_for_bookmarks_and_a_jittered_end(answering: Any) -> None:
    asked: list[Any] = []
    async with answering("", asked=asked) as cluster:
        for _ in range(20):
            await first(cluster)
    queries = [query for _, _, query in asked]
    assert all(query["allowWatchBookmarks"] == "true" for query in queries)
    assert {query["resourceVersion"] for query in queries} == {"7"}
    ends = {int(query["timeoutSeconds"]) for query in queries}
    assert len(ends) > 1
    assert all(240 <= end <= 300 for end in ends)


async def test_a_status_goes_out_as_a_merge_patch_with_the_version(answering: Any) -> None:
    asked: list[Any] = []
    cube = {"metadata": {"namespace": "ns", "name": "c", "uid": "u", "resourceVersion": "3"}}
    async with answering("{}", asked=asked) as cluster:
        await cluster.patch_status(cube, {"phase": "Running"})
    ((method, headers, _),) = asked
    assert method == "PATCH"
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert headers["Authorization"] == "Bearer canary-77"
