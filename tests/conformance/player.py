"""
Plays a script at a server and returns what counts of each answer.

Everything happens in a namespace of its own, made before and removed after, so that a script may
run beside others on a server that people use. Watches that stand together in a script are open
together; what their ``meanwhile`` says is sent while they are.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tests.conformance.reading import Raw, Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from aiohttp import ClientResponse

    from tests.conformance.script import Script, Step
    from tests.conformance.servers import Server

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_PATIENCE_S = 30.0
_PAUSE_S = 0.2
_LONGEST_ANSWER_S = 5.0


async def play(server: Server, script: Script) -> dict[str, Any]:
    """Return what counts of each answer, by the step's name."""
    namespace = f"{script.topic}-{secrets.token_hex(4)}"
    async with _namespace(server, namespace):
        player = _Player(server, Reader(namespace), {"ns": namespace})
        for is_watch, steps in groupby(script.steps, lambda step: step.is_watch):
            await (player.watch_together if is_watch else player.play_all)(list(steps))
        return player.answers


@dataclass
class _Player:
    server: Server
    reader: Reader
    known: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)

    async def play_all(self, steps: Iterable[Step]) -> None:
        for step in steps:
            for turn in range(step.repeat):
                self.known["turn"] = str(turn)
                self.answers[step.name] = await self._answer(step)

    async def watch_together(self, watches: list[Step]) -> None:
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(self._sent(watch)) for watch in watches]
            for watch in watches:
                await self.play_all(watch.meanwhile)
            raws = await asyncio.gather(*(_raw(stream, is_watch=True) for stream in streams))
        for watch, raw in zip(watches, raws, strict=True):
            self.answers[watch.name] = self.reader.read(raw, watch.show, watch.ignore)

    async def _answer(self, step: Step) -> Any:
        clock = asyncio.get_running_loop().time
        end = clock() + (_PATIENCE_S if self.server.has_controllers else 0)
        while True:
            async with self._sent(step) as response:
                raw = await _raw(response)
            said = self.reader.read(raw, step.show, step.ignore)
            if clock() > end or all(said.get(k) == v for k, v in step.until.items()):
                break
            await asyncio.sleep(_PAUSE_S)
        if step.alias:
            self.known[step.alias] = raw.json()
        return said

    @asynccontextmanager
    async def _sent(self, step: Step) -> AsyncIterator[ClientResponse]:
        body = self._resolved(step.body)
        async with self.server.http.request(
            step.method,
            self.server.base + self._resolved(step.path),
            params=self._resolved(step.query),
            headers=step.headers,
            data=body if body is None or isinstance(body, str) else json.dumps(body),
            skip_auto_headers=["Content-Type"],
        ) as response:
            yield response

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._resolved(below) for key, below in value.items()}
        if isinstance(value, list):
            return [self._resolved(below) for below in value]
        if isinstance(value, str):
            return _REFERENCE.sub(lambda match: self._known(match[1]), value)
        return value

    def _known(self, path: str) -> str:
        found: Any = self.known
        for key in path.split("."):
            found = found[int(key)] if isinstance(found, list) else found[key]
        return str(found)


async def _raw(response: ClientResponse, *, is_watch: bool = False) -> Raw:
    try:
        async with asyncio.timeout(_LONGEST_ANSWER_S):
            text = await response.text()
    except TimeoutError:
        return Raw(response.status, "", "a stream without an end")
    warnings = ", ".join(response.headers.getall("Warning", []))
    return Raw(response.status, text, response.content_type, warnings, is_watch)


@asynccontextmanager
async def _namespace(server: Server, name: str) -> AsyncIterator[None]:
    place = f"{server.base}/api/v1/namespaces"
    async with server.http.post(place, json={"metadata": {"name": name}}) as made:
        made.raise_for_status()
    try:
        if server.has_controllers:
            await _furnished(server, place, name)
        yield
    finally:
        async with server.http.delete(f"{place}/{name}"):
            pass


async def _furnished(server: Server, namespaces: str, name: str) -> None:
    """Wait for the service account that pods of a namespace need, where a controller makes them."""
    if not await _is_there(server, f"{namespaces}/default/serviceaccounts/default"):
        return
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            if await _is_there(server, f"{namespaces}/{name}/serviceaccounts/default"):
                return
            await asyncio.sleep(_PAUSE_S)


async def _is_there(server: Server, place: str) -> bool:
    async with server.http.get(place) as found:
        return found.status == 200
