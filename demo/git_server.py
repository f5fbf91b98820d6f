"""
A Git server for the demo and the tests: smart HTTP on 127.0.0.1, and nothing without a token.

Git's own CGI program ``git http-backend`` speaks the protocol; this is only the web server before
it. It knows one token for everything and no users. It is not meant for more than one machine.

Source: https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hmac
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

log = logging.getLogger(__name__)

_BLOCK_BYTES = 64 * 1024
_REQUEST = re.compile(
    r"(?P<repository>/[^?]+?)"
    r"/(?:info/refs|git-(?:upload|receive)-pack|HEAD|objects/.+)(?:\?(?P<query>.*))?"
)


class GitServer:
    """Serve the bare repositories below ``root`` to whoever knows ``token``, while entered."""

    def __init__(self, root: Path, token: str, port: int = 0) -> None:
        self._backend = _Backend(root.resolve(), token)
        self._server = _Server(("127.0.0.1", port), partial(_Handler, self._backend))
        self._thread = threading.Thread(target=self._server.serve_forever, name="git-server")

    @property
    def url(self) -> str:
        """Where it listens; a repository is at ``<url>/<name>.git``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def create(self, name: str) -> Path:
        """Make an empty bare repository that takes pushes; its default branch is ``main``."""
        path = self._backend.root / f"{name.removesuffix('.git')}.git"
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
        for setting in ("http.receivepack", "uploadpack.allowFilter"):
            _git("--git-dir", str(path), "config", setting, "true")
        return path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class _Backend:
    """Who may come in, and how the CGI program is started."""

    root: Path
    token: str

    def admits(self, authorization: str) -> bool:
        """Tell whether the header holds the token as the password of any user."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            _, _, password = base64.b64decode(encoded, validate=True).partition(b":")
        except binascii.Error:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(password, self.token.encode())

    def has(self, repository: str) -> bool:
        """Tell whether the path names a repository; one outside the root is none."""
        path = (self.root / repository.lstrip("/")).resolve()
        return path.is_relative_to(self.root) and (path / "HEAD").is_file()

    def start(self, variables: dict[str, str], body: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the CGI program in an environment of its own."""
        environment = {
            **_environment(),
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            **variables,
        }
        return subprocess.Popen(
            [_program(), "http-backend"],
            stdin=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )


class _Handler(BaseHTTPRequestHandler):
    """One connection. The whole body is taken before the answer, so no refusal breaks the pipe."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = 60

    def __init__(self, backend: _Backend, *args: Any) -> None:
        self._backend = backend
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer ``info/refs``, and files of the dumb protocol."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a fetch or a push."""
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in http.server
        """Log the request line and the status; never a header, which may hold a credential."""
        log.debug(format, *args)

    def _serve(self) -> None:
        with TemporaryFile() as body:
            for block in self._body():
                body.write(block)
            request = _REQUEST.fullmatch(self.path)
            repository = unquote(request["repository"]) if request else ""
            if not self._backend.admits(self.headers.get("Authorization", "")):
                self._refuse(HTTPStatus.UNAUTHORIZED, "a token is needed, as the password\n")
            elif request is None or not self._backend.has(repository):
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such repository\n")
            else:
                self._answer(body, request["query"] or "")

    def _body(self) -> Iterator[bytes]:
        """Yield the body; Git sends a big push in chunks, without a length."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield from self._blocks(int(self.headers.get("Content-Length", 0)))
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

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="git", charset="UTF-8"')
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _answer(self, body: IO[bytes], query: str) -> None:
        variables = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(self.path.partition("?")[0]),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(body.tell()),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "token",
            "REMOTE_ADDR": "127.0.0.1",
        }
        body.seek(0)
        with self._backend.start(variables, body) as process:
            try:
                if process.stdout is not None:
                    self._relay(process.stdout)
            finally:
                process.kill()  # the client may have gone; a finished process does not mind

    def _relay(self, output: IO[bytes]) -> None:
        """Turn the CGI answer into an HTTP answer, chunked: its length is not known."""
        headers: dict[str, str] = {}
        while line := output.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name] = value.strip()
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while block := output.read(_BLOCK_BYTES):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        self.wfile.write(b"0\r\n\r\n")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - its signature
        """Say little: a client that went away is no news."""
        log.debug("a connection ended with an error", exc_info=sys.exc_info())


def _program() -> str:
    return shutil.which("git") or "git"


def _environment() -> dict[str, str]:
    """Return what every Git of the server gets: nothing of the person who started it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def _git(*args: str) -> None:
    subprocess.run([_program(), *args], check=True, env=_environment())


def main(argv: Sequence[str] | None = None) -> int:
    """Print the address, then serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m demo.git_server", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where the repositories are")
    parser.add_argument("--token-file", type=Path, required=True, help="holds the token")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    args = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with GitServer(args.root, args.token_file.read_text().strip(), args.port) as server:
        print(server.url, flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
