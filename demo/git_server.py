"""
A Git server for the demo and the tests: smart HTTP on 127.0.0.1, and nothing without a token.

Git's own CGI program ``git http-backend`` speaks the protocol; this is only the web server before
it. It knows one token for everything and no users; ``git_lfs`` keeps large files. It is not meant
for more than one machine.

Source: https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hmac
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from demo import git_lfs
from demo.serving import LOOPBACK, Handler, Listener, add_address, serve_until_stopped

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_BLOCK_BYTES = 64 * 1024
_REQUEST = re.compile(
    r"(?P<repository>/[^?]+?)"
    r"/(?:info/refs|git-(?:upload|receive)-pack|HEAD|objects/.+)(?:\?(?P<query>.*))?"
)


class GitServer:
    """Serve the bare repositories below ``root`` to whoever knows ``token``, while entered."""

    def __init__(
        self,
        root: Path,
        token: str,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        host: str = LOOPBACK,
    ) -> None:
        self._backend = _Backend(root.resolve(), token)
        handler = partial(_Handler, self._backend)
        self._listener = Listener("git-server", handler, port, tls, host)

    @property
    def url(self) -> str:
        """Where it listens; a repository is at ``<url>/<name>.git``."""
        return self._listener.url

    def create(self, name: str) -> Path:
        """Make an empty bare repository that takes pushes; its default branch is ``main``."""
        path = self._backend.root / f"{name.removesuffix('.git')}.git"
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
        for setting in ("http.receivepack", "uploadpack.allowFilter"):
            _git("--git-dir", str(path), "config", setting, "true")
        return path

    def __enter__(self) -> Self:
        self._listener.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.__exit__()


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


class _Handler(Handler):
    """One connection."""

    def __init__(self, backend: _Backend, *args: Any) -> None:
        self._backend = backend
        super().__init__(*args)

    def serve(self) -> None:
        """Answer a request."""
        with TemporaryFile() as body:
            for block in self.body():
                body.write(block)
            large = git_lfs.REQUEST.fullmatch(self.path)
            request = large or _REQUEST.fullmatch(self.path)
            repository = unquote(request["repository"]) if request else ""
            if not self._backend.admits(self.headers.get("Authorization", "")):
                self._send_text(HTTPStatus.UNAUTHORIZED, "a token is needed, as the password\n")
            elif request is None or not self._backend.has(repository):
                self._send_text(HTTPStatus.NOT_FOUND, "there is no such repository\n")
            elif large:
                self._answer_large(large, body)
            else:
                self._answer(body, request["query"] or "")

    def _answer_large(self, request: re.Match[str], body: IO[bytes]) -> None:
        """Answer for Git LFS; see ``git_lfs``."""
        path, oid = request["repository"], request["oid"]
        repository = self._backend.root / unquote(path).lstrip("/")
        files = git_lfs.LargeFiles(repository, f"http://{self.headers['Host']}{path}")
        body.seek(0)
        if not oid:
            self._send_text(HTTPStatus.OK, json.dumps(files.batch(body)), git_lfs.MEDIA_TYPE)
        elif self.command == "PUT":
            self._send_text(files.put(oid, body), "")
        elif files.path(oid).exists():
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(files.path(oid).stat().st_size))
            self.end_headers()
            with files.path(oid).open("rb") as file:
                shutil.copyfileobj(file, self.wfile)
        else:
            self._send_text(HTTPStatus.NOT_FOUND, "there is no such object\n")

    def _send_text(
        self, status: HTTPStatus, text: str, media_type: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="git", charset="UTF-8"')
        self.send_header("Content-Type", media_type)
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
    add_address(parser)
    args = parser.parse_args(argv)
    token = args.token_file.read_text().strip()
    server = GitServer(args.root, token, args.port, host=args.host)
    return serve_until_stopped(server)


if __name__ == "__main__":
    sys.exit(main())
