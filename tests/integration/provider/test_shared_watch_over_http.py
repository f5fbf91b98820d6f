"""The shared watch through the real client, from a server whose answers and connections break."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from airflow_provider_datacube._connecting import connect
from airflow_provider_datacube._shared_watch import SharedWatches
from airflow_provider_datacube._watching import Limit, Pace, wait_until_terminal
from datacube_api import errors
from datacube_api.reference import CubeRef
from tests.waiting import until_soon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import ModuleType

    Fault = Callable[["Server", web.Request], Any]

PACE = Pace(poll_interval_s=0.02, first_pause_s=0.02, longest_pause_s=0.1, lag_s=0.2)
GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}


class Server:
    """An API server over a store; ``faults`` are met, one by one, by the next such requests."""

    def __init__(self, store: Any) -> None:
        self.store, self.port = store, 0
        self.faults: dict[str, list[Fault]] = {"get": [], "list": [], "watch": []}
        self.tokens: list[str] = []
        self.broken = asyncio.Event()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/apis/{rest:.*}/namespaces/{namespace}/datacubes", self._collection)
        app.router.add_get("/apis/{rest:.*}/namespaces/{ns}/datacubes/{name}", self._item)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        # CPython gh-109564: what has just been accepted when the listener closes stays open.
        while accepted := [t for t in asyncio.all_tasks() if "_accept_connection2" in repr(t)]:
            await asyncio.gather(*accepted)
        await self.runner.cleanup()

    async def _item(self, request: web.Request) -> web.StreamResponse:
        ref = CubeRef(request.match_info["ns"], request.match_info["name"])
        if fault := await self._fault("get", request):
            return fault
        try:
            return web.json_response(self.store.read(ref))
        except errors.DataCubeNotFoundError:
            return web.json_response({"details": {"kind": "datacubes"}}, status=404)

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        namespace, query = request.match_info["namespace"], request.query
        async with self.store.connect() as cubes:
            if "watch" in query:
                if fault := await self._fault("watch", request):
                    return fault
                events = cubes.watch_all(namespace, query["resourceVersion"])
                return await self._stream(request, events)
            if fault := await self._fault("list", request):
                return fault
            more, limit = query.get("continue", ""), int(query["limit"])
            return web.json_response(await cubes.page(namespace, limit=limit, more=more))

    async def _stream(self, request: web.Request, events: Any) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async with aclosing(events):
            async for kind, cube in events:
                line = json.dumps({"type": kind, "object": cube})
                await response.write(f"{line}\n".encode())
        return response

    async def _fault(self, verb: str, request: web.Request) -> Any:
        self.tokens.append(request.headers["Authorization"])
        if not self.faults[verb]:
            return None
        answer = self.faults[verb].pop(0)(self, request)
        return await answer if asyncio.iscoroutine(answer) else answer


def says(status: int, body: Any = None) -> Fault:
    return lambda _, __: web.Response(status=status, text=json.dumps(body or {}))


def streams(*lines: str, then: str = "end") -> Fault:
    async def answer(server: Server, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for line in lines:
            await response.write(line.encode())
        if then == "silence":
            server.broken.set()
            await asyncio.Event().wait()
        if then == "drop":
            assert request.transport is not None
            request.transport.abort()
        return response

    return answer


def error(code: int) -> str:
    return json.dumps({"type": "ERROR", "object": {**GONE, "code": code}}) + "\n"


@pytest.fixture
async def server(fakes: ModuleType) -> AsyncIterator[Server]:
    server = Server(fakes.Store())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def room(
    server: Server,
    fakes: ModuleType,
    manifest: dict[str, Any],
    connection: Callable[..., str],
    kubeconfig_for: Callable[..., str],
) -> Any:
    """Waiters whose requests go through the real client and over HTTP."""
    conn_id = connection(kube_config_path=kubeconfig_for(f"http://127.0.0.1:{server.port}"))

    @asynccontextmanager
    async def quick() -> AsyncIterator[Any]:
        async with connect(conn_id) as cubes:
            cubes.silence_s = 0.5
            yield cubes

    room = fakes.Room(server.store, manifest, PACE, SharedWatches())
    room.connect = quick
    return room


@pytest.mark.parametrize("waiting", [2, 20])
@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        *((verb, says(status)) for verb in ("list", "watch") for status in (401, 410, 429, 500)),
        ("get", says(503)),
        ("watch", says(403)),
        ("watch", streams(error(410))),
        ("watch", streams(error(500))),
        ("watch", streams(error(401))),
        ("watch", streams()),
        ("watch", streams('{"type": "MODIF')),
        ("watch", streams("no JSON\n")),
        ("watch", streams(then="drop")),
        ("watch", streams('{"type": "MODIF', then="drop")),
        ("watch", streams(then="silence")),
    ],
)
async def test_nobody_is_lost_by_a_fault_that_passes(
    server: Server, room: Any, verb: str, fault: Fault, waiting: int
) -> None:
    if verb == "get" and waiting > 10:
        verb = "list"
    server.faults[verb] = [fault]
    refs = room.cubes(waiting)
    tasks = room.start(*refs)
    room.finish(*refs[1:])
    await room.finished(tasks[1:])
    await until_soon(lambda: not server.faults[verb])
    assert not tasks[0].done()
    room.finish(refs[0])
    await room.finished(tasks)


async def test_a_half_open_connection_is_found_out(server: Server, room: Any) -> None:
    server.faults["watch"] = [streams(then="silence")]
    (ref,) = room.cubes(1)
    tasks = room.start(ref)
    await server.broken.wait()
    await until_soon(lambda: server.store.asked.count("get") == 1)
    room.finish(ref)
    await room.finished(tasks)


async def test_a_worker_that_waits_itself_finds_out_a_half_open_connection(
    server: Server, room: Any
) -> None:
    server.faults["watch"] = [streams(then="silence")]
    (ref,) = room.cubes(1)
    waiting = asyncio.create_task(
        wait_until_terminal(room.connect, ref, pace=PACE, limit=Limit(), log=room.log)
    )
    await server.broken.wait()
    room.finish(ref)
    assert await room.finished([waiting]) == [ref.name]
    assert server.store.asked.count("get") == 2  # before the silence, and after it


async def test_a_server_that_was_down_is_found_again(server: Server, room: Any) -> None:
    refs = room.cubes(30)
    tasks = room.start(*refs)
    await server.store.until_asked("watch")
    await server.stop()
    room.finish(*refs[:10])
    for ref in refs[10:20]:
        server.store.delete(ref)
    await asyncio.sleep(1)  # an outage, scaled: many pauses long
    server.faults = {"get": [says(403)], "list": [says(404), says(403)], "watch": [says(429)]}
    await server.start()
    await room.finished(tasks[:10])
    for task in tasks[10:20]:
        with pytest.raises(errors.DataCubeGoneError):
            await task
    room.finish(*refs[20:])
    await room.finished(tasks[20:])


async def test_a_renewed_token_is_read_after_a_401(
    server: Server, room: Any, kubeconfig_for: Callable[..., str]
) -> None:
    refs = room.cubes(3)
    tasks = room.start(*refs)
    await server.store.until_asked("watch")
    kubeconfig_for(f"http://127.0.0.1:{server.port}", token="t-2")
    server.faults["get"] = [says(401)]
    tasks += room.start(CubeRef("default", "x-0"))  # whoever has the name: asked by a get
    await server.store.until_asked("watch", 2)
    room.finish(*refs)
    await room.finished(tasks)
    assert server.tokens[-1] == "Bearer t-2"
    assert server.tokens[0] == "Bearer t-1"


async def test_an_object_may_be_large(server: Server, room: Any) -> None:
    (ref,) = room.cubes(1)
    tasks = room.start(ref)
    await server.store.until_asked("watch")
    done = [{"type": "Complete", "status": "True", "message": "x" * 600_000}]
    server.store.set_status(ref, {"conditions": done})
    await room.finished(tasks)
