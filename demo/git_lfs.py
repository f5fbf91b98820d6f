"""
Git LFS beside the Git server: the large files of its repositories, by the hash of their content.

The batch API with the basic transfer, and no locks. Objects lie in ``lfs/objects`` of the bare
repository; who may come in is the Git server's business.

Source: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md and basic-transfers.md
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = re.compile(
    r"(?P<repository>/.+?)/info/lfs/objects/(?:batch|(?P<oid>[0-9a-f]{64}))", re.ASCII
)
MEDIA_TYPE = "application/vnd.git-lfs+json"
_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class LargeFiles:
    """The large files of one bare repository, which clients reach at ``url``."""

    repository: Path
    url: str

    def path(self, oid: str) -> Path:
        """Return where an object is, or would be."""
        return self.repository / "lfs" / "objects" / oid

    def batch(self, body: IO[bytes]) -> dict[str, Any]:
        """Answer which objects can be had, or have to be sent, and where."""
        asked = json.load(body)
        answer = self._download if asked["operation"] == "download" else self._upload
        return {
            "transfer": "basic",
            "objects": [{**answer(sought["oid"]), **sought} for sought in asked["objects"]],
        }

    def put(self, oid: str, body: IO[bytes]) -> HTTPStatus:
        """Keep an object, if its content has that hash."""
        path = self.path(oid)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        while block := body.read(_BLOCK_BYTES):
            digest.update(block)
        if digest.hexdigest() != oid:
            return HTTPStatus.UNPROCESSABLE_ENTITY
        body.seek(0)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            shutil.copyfileobj(body, file)
        partial.rename(path)
        return HTTPStatus.OK

    def _download(self, oid: str) -> dict[str, Any]:
        if self.path(oid).exists():
            return {"actions": {"download": self._action(oid)}}
        return {"error": {"code": HTTPStatus.NOT_FOUND, "message": "no such object"}}

    def _upload(self, oid: str) -> dict[str, Any]:
        return {} if self.path(oid).exists() else {"actions": {"upload": self._action(oid)}}

    def _action(self, oid: str) -> dict[str, str]:
        return {"href": f"{self.url}/info/lfs/objects/{oid}"}
