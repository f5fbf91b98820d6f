"""What the hub says of a repository, and how it hands out its files."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from demo.hub.messages import Answer, Asked, RefusedError, commit_of, demand_write
from demo.hub.store import MAIN, Entry, Repository, Store

_PAGE = 500


def info(_: Store, __: Asked, repository: Repository, rest: list[str]) -> Answer:
    """Say what a revision is."""
    commit = commit_of(repository, "/".join(rest))
    siblings = [{"rfilename": path} for path in commit.files]
    return Answer({
        "id": repository.id,
        "sha": commit.sha,
        "private": repository.private,
        "gated": "auto" if repository.gated else False,
        "siblings": siblings,
        "tags": [],
        "downloads": 0,
        "likes": 0,
    })  # fmt: skip


def tree(_: Store, asked: Asked, repository: Repository, rest: list[str]) -> Answer:
    """List the files of a commit, page by page."""
    commit = commit_of(repository, rest[0])
    first = int(asked.query("cursor") or 0)
    listed = [_listed(path, entry) for path, entry in sorted(commit.files.items())]
    headers = {}
    if first + _PAGE < len(listed):
        following = f"{asked.base}{asked.path}?recursive=true&cursor={first + _PAGE}"
        headers["Link"] = f'<{following}>; rel="next"'
    return Answer(listed[first : first + _PAGE], headers)


def _listed(path: str, entry: Entry) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "file", "path": path, "size": entry.size, "oid": entry.oid}
    if entry.sha256:
        said["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": 134}
    if entry.xet:
        said["xetHash"] = entry.xet
    return said


def resolve(store: Store, asked: Asked, repository: Repository, revision: str, path: str) -> Answer:
    """Hand out a file, or say where it is."""
    if repository.gated and asked.role != "write":
        status = HTTPStatus.FORBIDDEN if asked.role else HTTPStatus.UNAUTHORIZED
        raise RefusedError(status, "GatedRepo", "Access to this repository is restricted")
    commit = commit_of(repository, revision)
    entry = commit.files.get(path)
    if entry is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "EntryNotFound", "Entry not found")
    headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{entry.name}"'}
    if entry.sha256:
        headers |= {"X-Linked-Etag": f'"{entry.sha256}"', "X-Linked-Size": str(entry.size)}
    if entry.xet:
        route = f"/api/{repository.kind}/{repository.id}/xet-read-token/{commit.sha}"
        headers |= {
            "X-Xet-Hash": entry.xet,
            "Link": f'<{asked.base}{route}>; rel="xet-auth"',
        }
    if entry.sha256 and asked.host.startswith("127.0.0.1:"):
        # The real hub sends clients to the host of a content delivery network.
        elsewhere = asked.base.replace("127.0.0.1", "localhost")
        headers["Location"] = f"{elsewhere}/content/{entry.sha256}"
        return Answer(headers=headers, status=HTTPStatus.FOUND)
    return Answer(headers=headers, file=store.content(entry.name))


def commits(_: Store, __: Asked, repository: Repository, rest: list[str]) -> Answer:
    """List the commits of a branch, the newest first."""
    commit_of(repository, "/".join(rest))
    return Answer([
        {"id": commit.sha, "title": commit.title, "message": "", "authors": [],
         "date": "2026-01-01T00:00:00.000Z"}
        for commit in reversed(repository.history("/".join(rest) or MAIN))
    ])  # fmt: skip


def xet_token(store: Store, asked: Asked, _: Repository, __: list[str]) -> Answer:
    """Say where xet storage is."""
    if "write" in asked.path:
        demand_write(asked)
    said = {"casUrl": f"local://{store.xet}", "accessToken": "none", "exp": 1 << 33}
    names = ("X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration")
    return Answer(said, dict(zip(names, map(str, said.values()), strict=True)))
