from __future__ import annotations

import itertools
import json
import os
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from demo.s3_server import Key, S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = {
    "admin": Key("AKadmin", "canary-4711-Zq9/+x"),
    "writer": Key("AKwriter", "secret-of-the-writer", ("Read", "Write", "List")),
    "reader": Key("AKreader", "secret-of-the-reader", ("Read", "List")),
}
NUMBERS = itertools.count(1)


@dataclass
class Place:
    """A prefix of its own in a bucket, and somebody who may do everything there."""

    server: S3Server
    bucket: str = "data"
    prefix: str = field(default_factory=lambda: f"t{next(NUMBERS)}")

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def rclone(self, *args: str, data: bytes = b"") -> str:
        key = KEYS["admin"]
        environment = {
            "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_S_TYPE": "s3",
            "RCLONE_CONFIG_S_PROVIDER": "Other",
            "RCLONE_CONFIG_S_ENDPOINT": self.server.url,
            "RCLONE_CONFIG_S_ACCESS_KEY_ID": key.access_key_id,
            "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": key.secret_access_key,
        }
        command = ["rclone", *args]
        done = subprocess.run(command, env=environment, input=data, capture_output=True, check=True)
        return done.stdout.decode()

    def put(self, files: dict[str, bytes], *options: str) -> None:
        """Put objects at keys below the prefix."""
        with TemporaryDirectory() as scratch:
            for name, content in files.items():
                path = Path(scratch, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            self.rclone("copy", "--transfers=32", "--fast-list", *options, scratch, self.remote)

    def mark(self, name: str) -> None:
        """Put the object of size 0 that marks an empty directory."""
        self.rclone("mkdir", "--s3-directory-markers", f"{self.remote}/{name}")

    def sizes(self) -> dict[str, int]:
        listed = json.loads(
            self.rclone("lsjson", "-R", "--files-only", "--no-modtime", self.remote)
        )
        return {entry["Path"]: entry["Size"] for entry in listed}

    def read(self, name: str) -> str:
        return self.rclone("cat", f"{self.remote}/{name}")

    @property
    def remote(self) -> str:
        return f"s:{self.bucket}/{self.prefix}" if self.prefix else f"s:{self.bucket}"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    root = tmp_path_factory.mktemp("s3")
    with S3Server(root, KEYS.values(), public=["public"]) as server:
        for bucket in ("data", "public"):
            Place(server, bucket, "").rclone("mkdir", f"s:{bucket}")
        yield server


@pytest.fixture
def place(s3_server: S3Server) -> Place:
    return Place(s3_server)


@pytest.fixture
def make_place(s3_server: S3Server) -> Callable[..., Place]:
    return lambda bucket, prefix="": Place(s3_server, bucket, prefix)


@pytest.fixture
def keys() -> dict[str, dict[str, str]]:
    """The variables of each key."""
    return {
        name: {
            "S3_ACCESS_KEY_ID": key.access_key_id,
            "S3_SECRET_ACCESS_KEY": key.secret_access_key,
        }
        for name, key in KEYS.items()
    }


@pytest.fixture
def secret() -> str:
    return KEYS["admin"].secret_access_key


@pytest.fixture
def program(make_program: Any, s3_server: S3Server, keys: Any) -> Any:
    """The program for S3, with a key that may do everything."""
    program = make_program("s3", S3_ENDPOINT=s3_server.url, **keys["admin"])
    program.path = f"{sysconfig.get_path('scripts')}{os.pathsep}{program.path}"
    return program


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a directory by its path, hidden ones too."""

    def read(directory: Path) -> dict[str, bytes]:
        found = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
        return {str(path.relative_to(directory)): path.read_bytes() for path in found}

    return read


@pytest.fixture
def commands(program: Any) -> Callable[[], list[str]]:
    """What rclone is asked to do, in its order."""
    asked = program.scratch / "asked"
    program.wrap("rclone", f'echo "$1" >> {asked}; real "$@"')
    return lambda: asked.read_text().split()
