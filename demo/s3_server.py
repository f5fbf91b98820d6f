"""
An S3 server for the demo and the tests: SeaweedFS on 127.0.0.1, and nothing without a key.

SeaweedFS checks signatures and permissions as S3 does, which lighter servers do not. Who may do
what is written into a file that only its owner can read; no key is in argv. It is not meant for
more than one machine.

Source: https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API, "Static Configuration".
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from demo.answers import answers
from demo.serving import LOOPBACK, add_address, serve_until_stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_START_S, _GRACE_S, _PAUSE_S = 60, 3, 0.1
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
    "filer.port.grpc", "s3.port", "s3.port.grpc",
)  # fmt: skip
_ALL = ("Admin", "Read", "Write", "List", "Tagging")
_ANYBODY = "anonymous"  # SeaweedFS's name for who comes without a key


@dataclass(frozen=True)
class Key:
    """A pair of keys and what it may do (``Read``, ``Write:bucket`` …)."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    actions: tuple[str, ...] = _ALL


class S3Server:
    """Serve buckets below ``root`` to whoever has one of ``keys``, while entered."""

    def __init__(
        self,
        root: Path,
        keys: Iterable[Key],
        public: Iterable[str] = (),
        port: int = 0,
        host: str = LOOPBACK,
    ) -> None:
        """Remember who may come in; ``public`` are buckets that everybody may read."""
        self._port, self._host = port, host
        self._root, self._keys, self._public = root.resolve(), tuple(keys), tuple(public)
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens: the endpoint."""
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    def __enter__(self) -> Self:
        self._root.mkdir(parents=True, exist_ok=True)
        self._ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        self._ports |= {"s3.port": self._port} if self._port else {}
        identities = self._root / "identities.json"
        identities.touch(mode=0o600)
        identities.write_text(json.dumps({"identities": list(self._identities())}))
        with (self._root / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._argv(identities),
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._root)},
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if (process := self._process) is None:
            return
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _argv(self, identities: Path) -> list[str]:
        data = self._root / "data"
        data.mkdir(exist_ok=True)
        return [
            _program(), "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-s3.ip.bind={self._host}", "-filer", "-s3", f"-s3.config={identities}",
            "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-master.volumeSizeLimitMB=4096", "-volume.max=100", "-master.telemetry=false",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]  # fmt: skip

    def _identities(self) -> Iterator[dict[str, Any]]:
        for key in self._keys:
            pair = {"accessKey": key.access_key_id, "secretKey": key.secret_access_key}
            yield {"name": key.access_key_id, "credentials": [pair], "actions": key.actions}
        actions = [f"{verb}:{bucket}" for bucket in self._public for verb in ("Read", "List")]
        if actions:
            yield {"name": _ANYBODY, "actions": actions}

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline, pause = time.monotonic() + _START_S, threading.Event()
        while not answers(self._ports["s3.port"]):  # the filer is up too
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the S3 server does not start; {self._root / 'log'} says more")
            pause.wait(_PAUSE_S)


def _program() -> str:
    """Return SeaweedFS: from PATH, or beside the Python that runs this."""
    scripts = sysconfig.get_path("scripts")
    return shutil.which("weed") or shutil.which("weed", path=scripts) or "weed"


def _free_ports(number: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on; held together, so that none comes twice."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the address, then serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m demo.s3_server", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where the data is kept")
    parser.add_argument("--key-file", type=Path, required=True, help="access key id, secret; lines")
    add_address(parser)
    args = parser.parse_args(argv)
    key = Key(*args.key_file.read_text().split())
    return serve_until_stopped(S3Server(args.root, [key], port=args.port, host=args.host))


if __name__ == "__main__":
    sys.exit(main())
