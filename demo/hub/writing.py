"""How the hub makes a repository, and takes files: first the large ones, then the commit."""

from __future__ import annotations

import base64
import json
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from demo.hub import xet
from demo.hub.messages import Answer, Asked, RefusedError, commit_of, demand_write
from demo.hub.store import MAIN, Entry, Repository, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGE_BYTES = 10 * 1000**2
_LARGE = (".bin", ".safetensors", ".gguf", ".parquet", ".zip")


def create(store: Store, asked: Asked) -> Answer:
    """Make a repository; who names no owner owns it."""
    demand_write(asked)
    wanted = asked.json()
    kind = f"{wanted.get('type') or 'model'}s"
    name = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
    prefix = "" if kind == "models" else f"{kind}/"
    url = f"{asked.base}/{prefix}{name}"
    if (kind, name) in store.repositories:
        return Answer({"url": url, "error": "it is there"}, status=HTTPStatus.CONFLICT)
    store.create(name, kind, private=wanted.get("visibility") == "private")
    return Answer({"url": url})


def validate(asked: Asked) -> Answer:
    """Judge the metadata of a README.md."""
    content = asked.json()["content"]
    is_wrong = content.startswith("---\n") and "license: nonsense" in content
    errors = [{"message": '"license" must be one of those that there are'}] if is_wrong else []
    status = HTTPStatus.BAD_REQUEST if is_wrong else HTTPStatus.OK
    return Answer({"errors": errors, "warnings": []}, status=status)


def preupload(_: Store, asked: Asked, repository: Repository, rest: list[str]) -> Answer:
    """Say of each file how it is to be sent, and what is there already."""
    demand_write(asked)
    there = commit_of(repository, "/".join(rest)).files
    wanted = asked.json()
    ignored = str(wanted.get("gitIgnore") or "").splitlines()
    return Answer({"files": [
        {
            "path": file["path"],
            "uploadMode": "lfs" if _is_large(file) else "regular",
            "shouldIgnore": any(fnmatchcase(file["path"], line) for line in ignored),
            "oid": there[file["path"]].name if file["path"] in there else None,
        }
        for file in wanted["files"]
    ]})  # fmt: skip


def _is_large(file: Mapping[str, Any]) -> bool:
    return bool(file["size"] > _LARGE_BYTES or file["path"].endswith(_LARGE))


def batch(store: Store, asked: Asked) -> Answer:
    """Say where large files are to be put that are not here yet."""
    demand_write(asked)
    objects: list[dict[str, Any]] = asked.json()["objects"]
    for wanted in objects:
        if not (store.blobs / wanted["oid"]).exists():
            href = f"{asked.base}/content/{wanted['oid']}"
            wanted["actions"] = {"upload": {"href": href, "header": {}}}
    return Answer({"transfer": "basic", "objects": objects})


def commit(store: Store, asked: Asked, repository: Repository, rest: list[str]) -> Answer:
    """Put a commit on a branch."""
    demand_write(asked)
    branch = "/".join(rest)
    files = dict(commit_of(repository, branch).files)
    title = ""
    for line in asked.body.splitlines():
        item = json.loads(line)
        key, value = item["key"], item["value"]
        if key == "header":
            title = value["summary"]
        elif key == "file":
            files[value["path"]] = store.small(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            files[value["path"]] = _stored(store, value["oid"], value["size"])
    is_pr = bool(asked.query("create_pr"))
    branch = "refs/pr/1" if is_pr else branch
    made = repository.commit(branch, title, files)
    page = f"{asked.base}/{repository.id}"
    return Answer({
        "success": True,
        "commitUrl": f"{page}/commit/{made.sha}",
        "commitOid": made.sha,
        "pullRequestUrl": f"{page}/discussions/1" if is_pr else None,
    })  # fmt: skip


def _stored(store: Store, sha256: str, size: int) -> Entry:
    """Return the entry of a large file that was sent before the commit, one way or the other."""
    if (store.blobs / sha256).exists():
        return store.large(sha256, size)
    own = xet.hashes(store.xet).get(sha256)
    if not own:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "", f"the content of {sha256} was never sent")
    return store.large(sha256, size, own)


def branch(_: Store, asked: Asked, repository: Repository, rest: list[str]) -> Answer:
    """Make a branch."""
    demand_write(asked)
    repository.branches.setdefault("/".join(rest), list(repository.branches[MAIN]))
    return Answer({})
