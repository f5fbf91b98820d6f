"""
What the hub holds: repositories, their commits, and the content of files by its hash.

Repositories are in memory, contents on disk. A commit is a whole listing, which is wasteful and
simple. Small files are named by Git's hash of a blob, large ones by SHA-256, as on the real hub.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.hub import xet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAIN = "main"


@dataclass(frozen=True)
class Entry:
    """A file of a commit; ``sha256`` is empty where the file is a small one."""

    size: int
    oid: str
    sha256: str = ""
    xet: str = ""

    @property
    def name(self) -> str:
        """Return the name of its content."""
        return self.sha256 or self.oid


@dataclass(frozen=True)
class Commit:
    """All files at one moment."""

    sha: str
    title: str
    files: Mapping[str, Entry]


@dataclass
class Repository:
    """One repository; a private one is not there for strangers, a gated one shows its list only."""

    kind: str
    id: str
    private: bool = False
    gated: bool = False
    branches: dict[str, list[Commit]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commit(MAIN, "initial commit", {})

    def commit(self, branch: str, title: str, files: Mapping[str, Entry]) -> Commit:
        """Put a commit on top of a branch."""
        commit = Commit(secrets.token_hex(20), title, dict(files))
        self.branches.setdefault(branch, []).append(commit)
        return commit

    def history(self, revision: str) -> list[Commit]:
        """Return the commits of a branch or up to a commit, the newest last; empty: not there."""
        if revision in self.branches:
            return self.branches[revision]
        for commits in self.branches.values():
            for index, commit in enumerate(commits):
                if commit.sha == revision:
                    return commits[: index + 1]
        return []


class Store:
    """Everything, below one directory."""

    def __init__(self, root: Path) -> None:
        self.blobs, self.xet = root / "blobs", root / "xet"
        for directory in (self.blobs, self.xet):
            directory.mkdir(parents=True, exist_ok=True)
        self.repositories: dict[tuple[str, str], Repository] = {}
        self._by_xet: dict[str, tuple[str, int]] = {}
        self.lock = threading.RLock()

    def create(
        self, name: str, kind: str = "models", *, private: bool = False, gated: bool = False
    ) -> Repository:
        """Make a repository."""
        made = Repository(kind, name, private=private, gated=gated)
        self.repositories[kind, name] = made
        return made

    def content(self, name: str) -> Path:
        """Return where the content of a name is, put together if it came by xet."""
        path = self.blobs / name
        with self.lock:
            if not path.exists() and name in self._by_xet:
                xet.restore(self.xet, *self._by_xet[name], path)
        return path

    def small(self, content: bytes) -> Entry:
        """Keep the content of a small file."""
        oid = _git_hash(content)
        (self.blobs / oid).write_bytes(content)
        return Entry(len(content), oid)

    def large(self, sha256: str, size: int, own: str = "") -> Entry:
        """Return the entry of a large file, whose content was sent before."""
        if own:
            self._by_xet[sha256] = (own, size)
        return Entry(size, _git_hash(sha256.encode()), sha256, own)

    def add(
        self, repository: Repository, files: Mapping[str, bytes], *, large: bool = False
    ) -> str:
        """Commit files, as somebody who has the data already; return the commit."""
        entries = {path: self._keep(content, large=large) for path, content in files.items()}
        before = repository.branches[MAIN][-1].files
        return repository.commit(MAIN, "files", {**before, **entries}).sha

    def _keep(self, content: bytes, *, large: bool) -> Entry:
        if not large:
            return self.small(content)
        name = hashlib.sha256(content).hexdigest()
        (self.blobs / name).write_bytes(content)
        return self.large(name, len(content))


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
