"""Sends the recorded requests to the embedded server, once, and keeps the answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from datacube_runtime.local.apiserver.server import HOST, application
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

EXCHANGES = Path(__file__).parent / "exchanges.json"
TOKEN = "conformance"
WINDOW = 24  # so small that version 1 is forgotten when a watch asks for it
WATCH_S = 1


@dataclass
class Answer:
    """What the server said to one request."""

    status: int
    body: Any = None
    events: list[dict[str, Any]] = field(default_factory=list)
    warning: str | None = None


@dataclass
class Player:
    """
    Plays exchanges in their order.

    Names, uids, versions and tokens are each server's own: what the recorded server made up is
    translated into what this one made up, in every later request and expectation.
    """

    http: ClientSession
    base: str
    ours: dict[str, str] = field(default_factory=dict)

    def translated(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.translated(below) for key, below in value.items()}
        if isinstance(value, list):
            return [self.translated(below) for below in value]
        return self.ours.get(value, value) if isinstance(value, str) else value

    def translated_words(self, text: str) -> str:
        for recorded, ours in self.ours.items():
            if len(recorded) > 8:  # uids and tokens; a version is too short to be told from a word
                text = text.replace(recorded, ours)
        return text

    async def play(self, exchange: dict[str, Any]) -> Answer:
        request = self.translated(exchange["request"])
        query = {key: str(value) for key, value in request.get("query", {}).items()}
        if "timeoutSeconds" in query and "watch" in query:
            query["timeoutSeconds"] = str(WATCH_S)
        body = request.get("body")
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = self.http.request(
            request["method"],
            self.base + request["path"],
            params=query,
            headers={**headers, **request.get("headers", {})},
            data=body if isinstance(body, str) else None if body is None else json.dumps(body),
            skip_auto_headers=["Content-Type"],
        )
        async with sent as response:
            answer = _read(await response.text(), response.content_type, response.status)
            answer.warning = response.headers.get("Warning")
        self._learn(exchange.get("known", {}), answer.body)
        return answer

    def _learn(self, known: dict[str, str], body: Any) -> None:
        meta = body.get("metadata", {}) if isinstance(body, dict) else {}
        self.ours |= {value: meta[key] for key, value in known.items() if key in meta}


@dataclass
class Played:
    """All answers by the name of their exchange, and the translator."""

    answers: dict[str, Answer]
    player: Player


def _read(text: str, content_type: str, status: int) -> Answer:
    if content_type != "application/json":
        return Answer(status, text)
    lines = [json.loads(line) for line in text.splitlines()]
    if lines and set(lines[0]) == {"type", "object"}:
        return Answer(status, events=lines)
    return Answer(status, lines[0] if lines else None)


async def _play_all(exchanges: list[dict[str, Any]], data: Path, crd: dict[str, Any]) -> Played:
    store = Store(data / "state.db", window=WINDOW)
    registry = Registry(store)
    install(registry, crd)
    app = application(registry, TOKEN, lambda *_: data / "no.log")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    async with ClientSession() as http:
        player = Player(http, f"http://{HOST}:{runner.addresses[0][1]}")
        answers: dict[str, Answer] = {}
        waiting: dict[str, asyncio.Task[Answer]] = {}
        for exchange in exchanges:
            if exchange["request"].get("query", {}).get("watch"):
                waiting[exchange["name"]] = asyncio.create_task(player.play(exchange))
            else:
                answers[exchange["name"]] = await player.play(exchange)
        for name, task in waiting.items():
            answers[name] = await task
    await runner.cleanup()
    store.close()
    return Played(answers, player)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    recorded = json.loads(EXCHANGES.read_text())
    data = tmp_path_factory.mktemp("conformance")
    return asyncio.run(_play_all(recorded["exchanges"], data, recorded["crd"]))
