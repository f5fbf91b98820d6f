"""A proxy that knows a few names: `http://git.example/…` goes to a server of this machine."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_LINE = re.compile(rb"([A-Z]+) http://([^/ ]+)(/[^ ]*)? (HTTP/1\.[01]\r\n)")
_CONNECTION = re.compile(rb"\r\n(?:proxy-)?connection:[^\r]*", re.IGNORECASE)


class Forwarding:
    """Forward plain HTTP by host name, one request a connection, while entered."""

    def __init__(self, names: Mapping[str, int], host: str = "127.0.0.1") -> None:
        """Remember which port of 127.0.0.1 stands for which name; listen where pods reach us."""
        self._host = host
        self.asked: list[str] = []
        self.silent: set[str] = set()
        """Names that take a request and never answer."""
        self._over = threading.Event()
        self._names = dict(names)
        self._server = _Server((host, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="forwarding")

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        forwarding = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                forwarding._forward(self.request)

        return Handler

    def _forward(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (block := client.recv(65536)):
                return
            head += block
        line = _FIRST_LINE.match(head)
        name = line[2].decode() if line else ""
        self.asked.append(name)
        if name in self.silent:
            self._over.wait()
            return
        if not line or name not in self._names:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        rest = _CONNECTION.sub(b"", head[line.end() - 2 :], count=2)
        with socket.create_connection(("127.0.0.1", self._names[name])) as server:
            first = b"%s %s HTTP/1.1\r\nConnection: close" % (line[1], line[3] or b"/")
            server.sendall(first + rest)
            sending = threading.Thread(target=_pump, args=(client, server))
            sending.start()
            _pump(server, client)
            _shut(client)
            sending.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while block := source.recv(65536):
            sink.sendall(block)
    except OSError:  # the other side has gone
        _shut(sink)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
