"""
What asks the server of ``api_server.py``: creates and watches that cost their own side little.

An HTTP client in Python spends as much on a request as the server does, and on two cores would
measure itself. Here requests are written out beforehand, over connections that stay open and carry
one request at a time, as other clients' do. Of an answer only its status and its length are read,
of a watch only the ends of its lines.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPSConnection
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator
    from pathlib import Path

_ANSWER_S = 20
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Address(NamedTuple):
    """Where a server is, and how it lets one in."""

    host: str
    port: int
    token: str
    trusted: ssl.SSLContext

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """Return a request as it is sent."""
        data = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        lines = (
            f"{method} {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            f"Authorization: Bearer {self.token}",
            "Accept: application/json",
            "Content-Type: application/json",
            "User-Agent: benchmark",
            f"Content-Length: {len(data)}",
        )
        return "\r\n".join(lines).encode() + _HEAD_END + data

    def get(self, path: str) -> bytes:
        """
        Return what is at a path, from a connection of its own.

        :raises OSError: there is no answer, or it is a refusal.
        """
        asked = HTTPSConnection(self.host, self.port, context=self.trusted, timeout=_ANSWER_S)
        with closing(asked):
            asked.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = asked.getresponse()
            if answer.status != HTTPStatus.OK:
                raise OSError(f"{path} is answered with {answer.status}")
            return answer.read()

    async def connected(self, protocol: asyncio.Protocol) -> None:
        """Open a connection for a protocol."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: protocol, self.host, self.port, ssl=self.trusted)


def address(kubeconfig: Path) -> Address:
    """Return what a kubeconfig says."""
    known = yaml.safe_load(kubeconfig.read_text())
    cluster, user = known["clusters"][0]["cluster"], known["users"][0]["user"]
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    pem = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return Address(host, int(port), user["token"], ssl.create_default_context(cadata=pem))


class Clients:
    """Connections that stay open, as those of a client that has more than one thing to ask."""

    def __init__(self, clients: list[_Client]) -> None:
        self._clients = clients

    async def create_all(self, requests: Iterable[bytes]) -> None:
        """Send requests, the next of each connection when its last one is answered."""
        waiting = iter(requests)
        await asyncio.gather(*(client.create(waiting, None) for client in self._clients))

    async def create_paced(self, requests: Iterable[bytes], per_s: int) -> None:
        """Send requests at a steady rate, or more slowly where the server takes longer."""
        waiting, began = iter(requests), asyncio.get_running_loop().time()
        due = (began + number / per_s for number in count())
        await asyncio.gather(*(client.create(waiting, due) for client in self._clients))

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


async def connected(where: Address, connections: int) -> Clients:
    """Return so many connections."""
    clients = [_Client() for _ in range(connections)]
    for client in clients:
        await where.connected(client)
    return Clients(clients)


class _Client(asyncio.Protocol):
    """One connection that creates: a request at a time."""

    def __init__(self) -> None:
        self._waiting: Iterator[bytes] = iter(())
        self._due: Iterator[float] | None = None
        self._is_done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: Any = None
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hear that the connection is there."""
        self._transport = transport

    def create(self, waiting: Iterator[bytes], due: Iterator[float] | None) -> Awaitable[None]:
        """Send requests as long as there are any, each when it is time for it."""
        self._waiting, self._due = waiting, due
        self._is_done = asyncio.get_running_loop().create_future()
        self._send()
        return self._is_done

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _send(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self._is_done.set_result(None)
        elif self._due is None:
            self._transport.write(request)
        else:
            loop = asyncio.get_running_loop()
            loop.call_at(next(self._due), self._transport.write, request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self._answer += data
        head, is_whole, body = self._answer.partition(_HEAD_END)
        if not is_whole:
            return
        if not head.startswith(b"HTTP/1.1 201 "):
            self._transport.abort()
            self._is_done.set_exception(RuntimeError(f"not created: {self._answer!r}"))
            return
        length = head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0]
        if len(body) == int(length):
            self._answer = b""
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        """Hear that the connection is gone."""
        if not self._is_done.done():
            self._is_done.set_exception(ConnectionError("the server has hung up"))


async def watch_all(where: Address, path: str, seen: Any, ready: Any) -> None:
    """Watch with as many connections as ``seen`` counts; ``ready`` is waited for when all are."""
    watchers = [_Watcher(seen, number) for number in range(len(seen))]
    for watcher in watchers:
        await where.connected(watcher)
        watcher.transport.write(where.request("GET", path))
    await asyncio.gather(*(watcher.is_open for watcher in watchers))
    ready.wait()
    await asyncio.Event().wait()


class _Watcher(asyncio.Protocol):
    """One watch: counts the events of it, each of which is a line that ends with a brace."""

    def __init__(self, seen: Any, number: int) -> None:
        self.transport: Any = None
        self.is_open = asyncio.get_running_loop().create_future()
        self._seen, self._number, self._last = seen, number, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hear that the connection is there."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Count what came; the first is the head of the answer."""
        if not self.is_open.done():
            self.is_open.set_result(None)
        is_split = self._last == b"}" and data.startswith(b"\n")
        self._seen[self._number] += data.count(b"}\n") + is_split
        self._last = data[-1:]
