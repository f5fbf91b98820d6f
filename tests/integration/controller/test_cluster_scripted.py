from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiohttp import web

from datacube_api.errors import DataCubeUnavailableError
from datacube_runtime.controller.api import CUBES, LEASES, ApiError
from datacube_runtime.controller.cluster import Cluster, connected
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.ratelimit import TokenBucket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CUBE = Key("default", "cube")


def write_kubeconfig(directory: Path, port: int) -> str:
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "canary-77"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


@asynccontextmanager
async def serving(directory: Path, handle: Any) -> AsyncIterator[str]:
    """Answer everything by ``handle``; yield a kubeconfig."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield write_kubeconfig(directory, runner.addresses[0][1])
    await runner.cleanup()


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

        async with serving(tmp_path, handle) as path, connected(path) as cluster:
            yield cluster

    return answer


async def say_nothing(request: web.Request) -> web.StreamResponse:
    """Begin an answer and leave it open, as a connection does whose other end is gone."""
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.Event().wait()
    return response


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


@pytest.mark.parametrize("body", ["{}", "[]", '{"type": "ADDED"}', "7"])
async def test_what_is_no_event_breaks_the_watch_and_not_the_process(
    answering: Any, body: str
) -> None:
    async with answering(body + "\n") as cluster:
        with pytest.raises(DataCubeUnavailableError, match="no event"):
            await first(cluster)


@pytest.mark.parametrize("held", ["{}", "7", "null", '{"metadata": {}}', '{"metadata": 7}'])
async def test_an_event_without_an_object_breaks_the_watch_and_not_the_process(
    answering: Any, held: str
) -> None:
    async with answering(f'{{"type": "ADDED", "object": {held}}}\n') as cluster:
        with pytest.raises(DataCubeUnavailableError, match="no object"):
            await first(cluster)


@pytest.mark.parametrize(
    "body",
    ["{}", "[]", "7", '{"items": [], "metadata": 7}', '{"items": [{}], "metadata": {}}', "null"],
)
async def test_what_is_no_list_is_no_answer(answering: Any, body: str) -> None:
    async with answering(body) as cluster:
        with pytest.raises(DataCubeUnavailableError, match="no list of datacubes"):
            await cluster.list(CUBES, None)


async def test_each_page_of_a_list_is_a_sign_of_life(tmp_path: Path) -> None:
    signs: list[None] = []

    async def page(request: web.Request) -> web.Response:
        number = int(request.query.get("continue", 0))
        assert len(signs) == number
        metadata = {"resourceVersion": "7", "continue": str(number + 1) if number < 4 else ""}
        return web.json_response({"metadata": metadata, "items": []})

    async with serving(tmp_path, page) as path, connected(path) as cluster:
        await cluster.list(CUBES, None, heard=lambda: signs.append(None))
    assert len(signs) == 5


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


async def test_a_watch_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    async with serving(tmp_path, say_nothing) as path, connected(path) as cluster:
        hurried = Cluster(cluster.wire, silence_s=0.05)
        with pytest.raises(DataCubeUnavailableError, match="no usable answer"):
            await first(hurried)


class Turns(TokenBucket):
    def __init__(self) -> None:
        super().__init__(0, 1)
        self.taken = 0

    async def wait(self) -> None:
        self.taken += 1


async def test_every_request_waits_for_its_turn_except_those_of_the_lease(
    answering: Any, tmp_path: Path
) -> None:
    turns = Turns()
    async with answering(""), connected(str(tmp_path / "kubeconfig"), turns) as cluster:
        await first(cluster)
        with suppress(DataCubeUnavailableError):
            await cluster.read(CUBES, CUBE)
        assert turns.taken == 2
        with suppress(DataCubeUnavailableError):
            await cluster.unlimited().read(LEASES, CUBE)
        assert turns.taken == 2


async def test_a_status_goes_out_as_a_merge_patch_with_the_version(answering: Any) -> None:
    asked: list[Any] = []
    cube = {"metadata": {"namespace": "ns", "name": "c", "uid": "u", "resourceVersion": "3"}}
    async with answering("{}", asked=asked) as cluster:
        await cluster.patch_status(cube, {"phase": "Running"})
    ((method, headers, _),) = asked
    assert method == "PATCH"
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert headers["Authorization"] == "Bearer canary-77"
