"""
A hub for the demo and the tests: the protocol of the Hugging Face Hub on 127.0.0.1.

The real client works with it, xet on and off. Private repositories are not there for strangers; who
has the token may write, and a second token may read. Faults can be laid into it, which is what
tests need a hub of their own for. It is not meant for more than one machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import re
import secrets
import sys
import threading
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from demo.hub.api import answer
from demo.hub.messages import Answer, Asked, RefusedError
from demo.hub.store import Store
from demo.serving import LOOPBACK, Handler, Listener, add_address, serve_until_stopped

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_BLOCK_BYTES = 256 * 1024
_CONTENT = re.compile(r"/content/(?P<name>[0-9a-f]{64})")
_HASH = re.compile(rb'("oid": ")([0-9a-f]+)')
_FLIPPED = bytes.maketrans(b"0123456789abcdef", b"1032547698badcfe")
_RANGE = re.compile(r"bytes=(?P<first>\d+)-")


@dataclass
class Fault:
    """
    What goes wrong with the next ``times`` requests whose ``METHOD /path`` matches.

    A ``status`` is answered; or a byte of the content (of a listing: of each hash in it) is
    flipped; or half of it comes and then nothing more until the fault is ``over``; or what is
    asked for is done, but the connection ends before the answer.
    """

    where: str
    status: int = 0
    flips: bool = False
    stalls: bool = False
    drops: bool = False
    times: int = 1 << 30
    over: threading.Event = field(default_factory=threading.Event)
    met: threading.Event = field(default_factory=threading.Event)

    def meets(self, request: str) -> bool:
        """Tell whether it strikes, and count."""
        if self.times <= 0 or self.over.is_set() or not re.search(self.where, request):
            return False
        self.times -= 1
        self.met.set()
        return True


class HubServer:
    """Serve repositories kept below ``root``, while entered."""

    def __init__(  # noqa: PLR0913 - what a server may be told; most keyword-only
        self,
        root: Path,
        token: str,
        port: int = 0,
        *,
        read_token: str = "",
        tls: ssl.SSLContext | None = None,
        host: str = LOOPBACK,
    ) -> None:
        """Remember who may write, and who may read what is private."""
        self.store = Store(root.resolve())
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.roles = {token: "write", **({read_token: "read"} if read_token else {})}
        self._listener = Listener("hub-server", partial(_Handler, self), port, tls, host)

    @property
    def scheme(self) -> str:
        """Http or https."""
        return self._listener.scheme

    @property
    def url(self) -> str:
        """Where it listens: the endpoint."""
        return self._listener.url

    def fault(self, request: str) -> Fault | None:
        """Return what goes wrong with a request."""
        return next((fault for fault in self.faults if fault.meets(request)), None)

    def __enter__(self) -> Self:
        self._listener.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for fault in self.faults:
            fault.over.set()
        self._listener.__exit__()


class _Handler(Handler):
    """One connection."""

    def __init__(self, hub: HubServer, *args: Any) -> None:
        self._hub = hub
        super().__init__(*args)

    def serve(self) -> None:
        """Answer a request."""
        request = f"{self.command} {self.path}"
        self._hub.requests.append((request, self.headers.get("Authorization") or ""))
        fault = self._hub.fault(request)
        content = _CONTENT.fullmatch(self.path)
        if self.command == "PUT" and content:
            self._take(content["name"], fault)
            return
        body = b"".join(self.body())
        try:
            self._send(self._answer(body, content["name"] if content else "", fault), fault)
        except RefusedError as refused:
            headers = {"X-Error-Code": refused.code} if refused.code else {}
            headers["X-Error-Message"] = refused.message
            said = {"error": refused.message}
            self._send(Answer(said, headers, status=refused.status), fault)

    def _answer(self, body: bytes, content: str, fault: Fault | None) -> Answer:
        if fault and fault.status:
            raise RefusedError(HTTPStatus(fault.status))
        if content:
            return Answer(file=self._hub.store.content(content))
        return answer(self._hub.store, self._asked(body))

    def _asked(self, body: bytes) -> Asked:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        role = self._hub.roles.get(token, "")
        if token and not role:
            message = "Invalid credentials in Authorization header"
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "", message)
        host, scheme = self.headers["Host"], self._hub.scheme
        return Asked(self.command, self.path, host, role, body, scheme)

    def _take(self, name: str, fault: Fault | None) -> None:
        """Keep a large file, if it is what its name says."""
        blobs, digest = self._hub.store.blobs, hashlib.sha256()
        path = blobs / f"{name}.{secrets.token_hex(4)}"
        with path.open("wb") as file:
            for block in self.body():
                digest.update(block)
                file.write(block)
                if fault and fault.stalls:
                    fault.over.wait()
        is_right = digest.hexdigest() == name and not (fault and fault.status)
        path.rename(blobs / name) if is_right else path.unlink()
        status = HTTPStatus.OK if is_right else HTTPStatus(fault.status if fault else 400)
        self._send(Answer({}, status=status), fault)

    def _send(self, said: Answer, fault: Fault | None) -> None:
        if fault and fault.drops:
            self.close_connection = True
            return
        if said.file is None:
            text = b"" if said.said is None else json.dumps(said.said).encode()
            if fault and fault.flips:
                text = _HASH.sub(lambda found: found[1] + found[2].translate(_FLIPPED), text)
            self._head(said, len(text), {"Content-Type": "application/json"})
            self.wfile.write(b"" if self.command == "HEAD" else text)
            return
        size = said.file.stat().st_size
        found = _RANGE.match(self.headers.get("Range") or "")
        first = int(found["first"]) if found else 0
        status = HTTPStatus.PARTIAL_CONTENT if found else HTTPStatus.OK
        more = {"Content-Range": f"bytes {first}-{size - 1}/{size}"} if found else {}
        self._head(Answer(headers=said.headers, status=status), size - first, more)
        if self.command != "HEAD":
            self._send_file(said.file, first, size, fault)

    def _head(self, said: Answer, length: int, more: dict[str, str]) -> None:
        self.send_response(said.status)
        for name, value in {**said.headers, **more, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_file(self, path: Path, first: int, size: int, fault: Fault | None) -> None:
        with path.open("rb") as file:
            if fault is None:
                self.wfile.flush()
                self.connection.sendfile(file, first)
                return
            content = bytearray(file.read())
        if fault.flips:
            content[size // 2] ^= 1
        half = size // 2 if fault.stalls else size
        self.wfile.write(content[first:half])
        if fault.stalls:
            fault.over.wait()
            self.close_connection = True


def main(argv: Sequence[str] | None = None) -> int:
    """Print the address, then serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m demo.hub_server", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where the data is kept")
    parser.add_argument("--token-file", type=Path, required=True, help="holds the token")
    add_address(parser)
    args = parser.parse_args(argv)
    token = args.token_file.read_text().strip()
    server = HubServer(args.root, token, args.port, host=args.host)
    return serve_until_stopped(server)


if __name__ == "__main__":
    sys.exit(main())
