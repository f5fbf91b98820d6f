"""
Requests and answers without sockets, and who may see what.

An error is a status with a code of the hub's own in a header, which is all that clients go by.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from demo.hub.store import MAIN, Commit, Repository, Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class RefusedError(Exception):
    """A request that is not granted."""

    def __init__(self, status: HTTPStatus, code: str = "", message: str = "") -> None:
        super().__init__(message or code)
        self.status, self.code, self.message = status, code, message or code


@dataclass(frozen=True)
class Asked:
    """A request; ``role`` is what its token may do, empty for nobody in particular."""

    method: str
    target: str
    host: str
    role: str
    body: bytes = field(default=b"", repr=False)
    scheme: str = "http"

    @property
    def base(self) -> str:
        """Return where the asker reached the hub."""
        return f"{self.scheme}://{self.host}"

    @property
    def path(self) -> str:
        """Return the path, as it was sent."""
        return urlsplit(self.target).path

    def query(self, name: str) -> str:
        """Return a parameter, empty where it is not given."""
        return parse_qs(urlsplit(self.target).query).get(name, [""])[0]

    def json(self) -> dict[str, Any]:
        """Return the body."""
        said: dict[str, Any] = json.loads(self.body or b"{}")
        return said


@dataclass(frozen=True)
class Answer:
    """A status, headers, and either JSON or a file."""

    said: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    status: HTTPStatus = HTTPStatus.OK


def repository_of(store: Store, asked: Asked, kind: str, name: str) -> Repository:
    """Return a repository, if the asker may know of it."""
    found = store.repositories.get((kind, name))
    if found and (asked.role or not found.private):
        return found
    status = HTTPStatus.NOT_FOUND if asked.role else HTTPStatus.UNAUTHORIZED
    raise RefusedError(status, "RepoNotFound", "Repository not found")


def commit_of(repository: Repository, revision: str) -> Commit:
    """Return the commit that a revision means."""
    if history := repository.history(revision or MAIN):
        return history[-1]
    raise RefusedError(HTTPStatus.NOT_FOUND, "RevisionNotFound", "Invalid rev id")


def demand_write(asked: Asked) -> None:
    """Go on only for who may write."""
    if not asked.role:
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "", "Invalid username or password.")
    if asked.role != "write":
        message = "you must use a write token to do this"
        raise RefusedError(HTTPStatus.FORBIDDEN, "", message)
