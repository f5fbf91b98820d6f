"""
Where a credential must not be: looked for in every run of the transfer program, however it ends.

``Watch`` sees what any process of this machine may see of the program and its children, in /proc;
``traces`` looks into what a run left behind.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPTIONS = ("TOKEN", "S3_SECRET_ACCESS_KEY", "S3_SESSION_TOKEN")
_URLS = ("URL", "S3_ENDPOINT", "HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY")
# Where each engine gets it from us, and nothing else does.
_HANDED_OVER = {
    "TRANSFER_GIT_PASSWORD",
    "TRANSFER_GIT_USERNAME",  # where a URL has the token as its user
    "HF_TOKEN",
    "RCLONE_CONFIG_S_SECRET_ACCESS_KEY",
    "RCLONE_CONFIG_S_SESSION_TOKEN",
    # A proxy has its credential in its URL, whoever uses it.
    *("http_proxy", "https_proxy"),
}
_SHORTEST = 8  # what is shorter stands in ordinary words too
_READ_BYTES = 1024**2


def credentials(variables: Mapping[str, str]) -> set[str]:
    """Return the secrets among the variables of a transfer."""
    given = {variables.get(name, "").strip() for name in _OPTIONS}
    given |= {urlsplit(variables.get(name, "")).password or "" for name in _URLS}
    return {secret for secret in given if len(secret) >= _SHORTEST and "$(" not in secret}


def forms(secret: str) -> set[str]:
    """Return the ways in which a credential may be spelled."""
    users = ("", "oauth2:", "x:", ":")
    coded = {b64encode(f"{user}{secret}".encode()).decode().rstrip("=") for user in users}
    return {secret, quote(secret, safe=""), *coded}


class Watch:
    """Looks at a process and its descendants as long as it lives."""

    def __init__(self, pid: int) -> None:
        self.argv: set[str] = set()
        self.environments: dict[int, str] = {}  # of the children
        self.cores: set[str] = set()
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        own = ""
        while not self._over.wait(0.03):
            for pid in _descendants(self._pid):
                with suppress(OSError):
                    process = Path(f"/proc/{pid}")
                    argv = (process / "cmdline").read_bytes().decode(errors="replace")
                    own = argv if pid == self._pid else own
                    self.argv.add(argv)
                    if argv != own:  # else it is the program itself, or a fork of it that is young
                        environment = (process / "environ").read_bytes()
                        self.environments[pid] = environment.decode(errors="replace")
                        self.cores.add(_core_size((process / "limits").read_text()))

    def problems(self, secret: str) -> Iterator[str]:
        """Yield where the secret was seen."""
        for form in forms(secret):
            yield from (f"in argv: {argv!r}" for argv in self.argv if form in argv)
            for environment in self.environments.values():
                lines = [line for line in environment.split("\0") if form in line]
                names = {line.partition("=")[0] for line in lines}
                yield from (f"in the variable {name}" for name in sorted(names - _HANDED_OVER))
        yield from (f"a core may be dumped: {size}" for size in self.cores - {"0"})


def traces(secret: str, said: str, *left: Path) -> Iterator[str]:
    """Yield where the secret is in what a run said, and in the files that it left."""
    for form in forms(secret):
        if form in said:
            yield "in what was said"
        yield from (f"in {path}" for path in _files(*left) if form.encode() in _beginning(path))


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _descendants(int(child))


def _core_size(limits: str) -> str:
    (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    return line.split()[4]


def _files(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _beginning(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        return file.read(_READ_BYTES)
    return b""
