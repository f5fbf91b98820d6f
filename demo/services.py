"""
What the demo moves data between: a Git server, a hub and an S3 store, each a program of its own.

Each demands a credential that is made anew for every demo, and lies in a file that only its owner
can read. The cluster gets the same as Secrets.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from demo.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from demo.processes import Program, Programs

_START_S = 60


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class Services:
    """The three servers, with their data below ``home``."""

    home: Path
    programs: Programs
    source: Path
    """Where this package can be imported from."""

    git_token: str = field(default_factory=_secret, repr=False)
    hub_token: str = field(default_factory=_secret, repr=False)
    s3_key: tuple[str, str] = field(default_factory=lambda: ("demo", _secret()), repr=False)
    _running: dict[str, Program] = field(default_factory=dict)

    def start(self) -> None:
        """Start all three; they need not answer yet."""
        self._start("git", "--token-file", self.git_token)
        self._start("hub", "--token-file", self.hub_token)
        self._start("s3", "--key-file", "\n".join(self.s3_key))

    @cached_property
    def git_url(self) -> str:
        """Where the Git server is, once it is up."""
        return self._url("git", "The Git server")

    @cached_property
    def hub_url(self) -> str:
        """Where the hub is, once it is up."""
        return self._url("hub", "The hub")

    @cached_property
    def s3_url(self) -> str:
        """Where the S3 store is, once it is up."""
        return self._url("s3", "The S3 store")

    def secrets(self) -> dict[str, dict[str, str]]:
        """Return the Secrets that the example DAGs name."""
        access_key_id, secret_access_key = self.s3_key
        return {
            "git-token": {"token": self.git_token},
            "hf-token": {"token": self.hub_token},
            "s3-config": {
                "endpoint": self.s3_url,
                "accessKeyID": access_key_id,
                "secretAccessKey": secret_access_key,
            },
        }

    def _start(self, name: str, option: str, credential: str) -> None:
        root, file = self.home / name, self.home / f"{name}-credential"
        root.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(credential)
        words = [
            sys.executable,
            "-m",
            f"demo.{name}_server",
            "--root",
            str(root),
            option,
            str(file),
        ]
        env = {"PYTHONPATH": str(self.source)}
        self._running[name] = self.programs.start(f"{name}-server", words, env)

    def _url(self, name: str, shown: str) -> str:
        program = self._running[name]
        wait_until(lambda: "http://" in program.log.read_text(), shown, _START_S, [program])
        return next(word for word in program.log.read_text().split() if word.startswith("http://"))
