"""
What the demo's servers have in common: HTTP in a thread, and an end by a signal.

They listen on 127.0.0.1, where nobody else can reach them. Only in a container, whose loopback
nobody can reach, are they told another address; its ports are then on the machine's loopback.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    import argparse
    import ssl
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_BLOCK_BYTES = 256 * 1024


class Listener:
    """A server of this machine alone, while entered; over TLS where a context is given."""

    def __init__(
        self,
        name: str,
        handler: Callable[..., BaseHTTPRequestHandler],
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        host: str = LOOPBACK,
    ) -> None:
        """Take a port, any free one where it is 0; another host only in a container."""
        self.scheme = "https" if tls else "http"
        self._server = _Server((host, port), handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name=name)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    """One connection. The whole body is taken before the answer, so no refusal breaks the pipe."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = 60

    def do_GET(self) -> None:
        """Answer a question."""
        self.serve()

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.serve()

    def do_POST(self) -> None:
        """Take something new."""
        self.serve()

    def do_PUT(self) -> None:
        """Take a file."""
        self.serve()

    def serve(self) -> None:
        """Answer a request, whatever its method."""
        raise NotImplementedError

    def send_response(self, code: int, message: str | None = None) -> None:
        """Say where no other request will be read: clients would lose the one they send."""
        super().send_response(code, message)
        if self.close_connection:
            self.send_header("Connection", "close")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in http.server
        """Log the request line and the status; never a header, which may hold a credential."""
        log.debug(format, *args)

    def body(self) -> Iterator[bytes]:
        """Yield the body; what is large comes in chunks, without a length."""
        if (self.headers.get("Transfer-Encoding") or "").lower() != "chunked":
            yield from self._blocks(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield from self._blocks(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _blocks(self, size: int) -> Iterator[bytes]:
        while size and (block := self.rfile.read(min(size, _BLOCK_BYTES))):
            size -= len(block)
            yield block


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - its signature
        """Say little: a client that went away is no news."""
        log.debug("a connection ended with an error", exc_info=sys.exc_info())


class Served(Protocol):
    """A server that says where it is."""

    @property
    def url(self) -> str:
        """Where it listens."""


def add_address(parser: argparse.ArgumentParser) -> None:
    """Let a person say where a server listens."""
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--host", default=LOOPBACK, help="to listen on (%(default)s)")


def serve_until_stopped(server: AbstractContextManager[Served]) -> int:
    """Print the address, then serve until SIGTERM or SIGINT; return the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with server as entered:
        print(entered.url, flush=True)
        stop.wait()
    return 0
