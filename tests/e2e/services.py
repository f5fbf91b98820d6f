"""The real servers that DataCubes are sent to, and the names under which a proxy knows them."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from huggingface_hub import CommitOperationAdd, HfApi

from demo.hub_server import HubServer
from demo.s3_server import Key, S3Server
from tests.e2e.forwarding import Forwarding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.git_server import GitServer
    from tests.e2e.conftest import Cluster


def _canary() -> str:
    return f"canary-{secrets.token_hex(12)}"


def push_a_file(bare: Path, *refs: str) -> None:
    """Bring one commit into a bare repository."""
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "a.txt").write_text("one")
        for words in (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "."),
            ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "one"),
            ("push", "--quiet", "--force", str(bare), *refs),
        ):
            subprocess.run(["git", "-C", work, *words], check=True)


@dataclass
class Services:
    """Git, hub and S3, while entered; ``proxy`` leads to them by name."""

    root: Path
    git: GitServer
    host: str = "127.0.0.1"
    """Of this machine, where pods reach it."""
    s3_key: Key = field(default_factory=lambda: Key("demo-key", _canary()))
    hub_token: str = field(default_factory=_canary)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.s3 = stack.enter_context(S3Server(self.root / "s3", [self.s3_key]))
            self.hub = stack.enter_context(HubServer(self.root / "hub", self.hub_token))
            servers = {"git.example": self.git, "hub.example": self.hub, "s3.example": self.s3}
            ports = {name: urlsplit(server.url).port or 0 for name, server in servers.items()}
            self.proxy = stack.enter_context(Forwarding(ports, self.host))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def credentials(self) -> tuple[str, ...]:
        return self.hub_token, self.s3_key.secret_access_key

    def tell(self, cluster: Cluster) -> None:
        """Make the Secrets and the ConfigMap that the manifests name."""
        cluster.secret("hf-token", token=self.hub_token)
        keys = {
            "accessKeyID": self.s3_key.access_key_id,
            "secretAccessKey": self.s3_key.secret_access_key,
        }
        cluster.secret("s3-config", endpoint="http://s3.example", **keys)
        body = {"metadata": {"name": "network"}, "data": {"proxy": self.proxy.url}}
        cluster.core.create_namespaced_config_map("default", body)

    def make_git_repository(self, name: str, tag: str) -> None:
        """Make it with one commit on `main`, tagged."""
        self._bare = self.git.create(name)
        push_a_file(self._bare, "main", f"main:refs/tags/{tag}")

    def git_branches(self, name: str) -> list[str]:
        bare = self._bare.parent / f"{Path(name).name}.git"
        command = ["git", "-C", bare, "branch", "--format=%(refname:short)"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    def make_hub_repository(self, name: str, files: Mapping[str, bytes]) -> None:
        hub = self._hub()
        hub.create_repo(name, private=True, exist_ok=True)
        if files:
            added = [CommitOperationAdd(path, data) for path, data in files.items()]
            hub.create_commit(name, added, commit_message="files")

    def hub_files(self, name: str) -> list[str]:
        return [file for file in self._hub().list_repo_files(name) if file != ".gitattributes"]

    def hub_message(self, name: str) -> str:
        return str(self._hub().list_repo_commits(name)[0].title)

    def make_bucket(self, name: str, objects: Mapping[str, str]) -> None:
        self._rclone("mkdir", f"s:{name}")
        for key, text in objects.items():
            self._rclone("rcat", f"s:{name}/{key}", text=text)

    def objects(self, place: str) -> list[str]:
        return sorted(self._rclone("lsf", "-R", "--files-only", f"s:{place}").splitlines())

    def _hub(self) -> HfApi:
        return HfApi(self.hub.url, self.hub_token)

    def _rclone(self, *words: str, text: str = "") -> str:
        environment = {
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_S_TYPE": "s3",
            "RCLONE_CONFIG_S_PROVIDER": "SeaweedFS",
            "RCLONE_CONFIG_S_ENDPOINT": self.s3.url,
            "RCLONE_CONFIG_S_ACCESS_KEY_ID": self.s3_key.access_key_id,
            "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": self.s3_key.secret_access_key,
        }
        done = subprocess.run(
            [Path(sys.executable).with_name("rclone"), *words],
            env=environment,
            input=text,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout
