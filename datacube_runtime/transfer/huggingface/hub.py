"""
The hub, by huggingface_hub. Runs in the process that talks to it.

Files are fetched by the library's own functions for that, without its cache and its directories: a
file needs one request so, where ``hf download`` makes two, and nothing is left in the volume. Every
request has a limit of time, which the library's have not.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self, TypeVar, cast

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_url, set_client_factory
from huggingface_hub.file_download import http_get, xet_get
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._runtime import is_xet_available
from huggingface_hub.utils._xet import XetFileData

from datacube_runtime.transfer.huggingface.environment import needs_xet
from datacube_runtime.transfer.huggingface.facts import SpoiledError, may_pass
from datacube_runtime.transfer.huggingface.verify import File, is_equal, new_digest
from datacube_runtime.transfer.huggingface.written import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from datacube_runtime.transfer.huggingface.report import Share

T = TypeVar("T")

_CONNECT_S, _ANSWER_S = 10, 300  # a commit of many files takes its time
_PAUSES_S = (1, 2)


class Seen(NamedTuple):
    """What a repository holds at one commit."""

    id: str
    revision: str
    files: list[File]


@dataclass(frozen=True)
class Hub:
    """One repository of the hub that ``HF_ENDPOINT`` names, as whom ``HF_TOKEN`` says."""

    type: str
    id: str
    revision: str | None
    xet: bool = False

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> Hub:
        """Return the hub of a plan, and set the limits of time for the whole process."""
        set_client_factory(_client)
        return cls(plan["type"], plan["id"], plan["revision"] or None, plan["xet"])

    @property
    def token(self) -> str | bool:
        """Return the token; False is none, not even one from a file."""
        return os.environ.get("HF_TOKEN") or False

    @property
    def api(self) -> HfApi:
        """Return the library's client."""
        return HfApi(token=self.token)

    def look(self) -> Seen:
        """Return the commit of the revision, and its files."""
        name, commit = self.head()
        return Seen(name, commit, self.files(commit))

    def head(self) -> tuple[str, str]:
        """Return the whole name of the repository, and the commit of the revision."""
        info = patiently(
            lambda: self.api.repo_info(
                self.id,
                repo_type=self.type,
                revision=self.revision,
                timeout=constants.HF_HUB_ETAG_TIMEOUT,
            )
        )
        return info.id, str(info.sha)

    def files(self, commit: str) -> list[File]:
        """Return the files of a commit."""
        listed = self.api.list_repo_tree(
            self.id, repo_type=self.type, revision=commit, recursive=True
        )
        return [_file(entry) for entry in listed if isinstance(entry, RepoFile)]

    def fetch(self, file: File, commit: str, path: Path, share: Share) -> None:
        """
        Fetch a file, and verify it.

        :raises SpoiledError: it is not what the hub names, twice.
        """
        for _ in range(2):
            if patiently(lambda: self._fetch(file, commit, path, share), lambda: share.reach(0)):
                return
            share.reach(0)
        raise SpoiledError(file.path)

    def _fetch(self, file: File, commit: str, path: Path, share: Share) -> bool:
        """Fetch a file, and tell whether it is what the hub names."""
        if file.xet and (self.xet or needs_xet(file.size)) and is_xet_available():
            return self._fetch_by_xet(file, commit, path, share)
        url = hf_hub_url(self.id, file.path, repo_type=self.type, revision=commit)
        with closing(Written(path, lambda: new_digest(file))) as written:
            http_get(
                url,
                cast("BinaryIO", written),
                headers=build_hf_headers(token=self.token),
                expected_size=file.size,
                tqdm_class=_bar(share),
            )
            return written.oid == file.oid

    def _fetch_by_xet(self, file: File, commit: str, path: Path, share: Share) -> bool:
        path.touch()
        where = f"{constants.ENDPOINT}/api/{self.type}s/{self.id}/xet-read-token/{commit}"
        xet_get(
            incomplete_path=path,
            xet_file_data=XetFileData(file_hash=file.xet, refresh_route=where),
            headers=build_hf_headers(token=self.token),
            expected_size=file.size,
            tqdm_class=_bar(share),
        )
        return is_equal(path, file)


def patiently(call: Callable[[], T], before_again: Callable[[], None] = lambda: None) -> T:
    """Call, and again a little later where the hub may do better then."""
    for pause in _PAUSES_S:
        try:
            return call()
        except (httpx2.HTTPError, OSError) as error:
            if not may_pass(error):
                raise
        before_again()
        threading.Event().wait(pause)
    return call()


def _client() -> httpx2.Client:
    timeout = httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S)
    return httpx2.Client(follow_redirects=True, timeout=timeout)


def _file(entry: RepoFile) -> File:
    oid = entry.lfs.sha256 if entry.lfs else entry.blob_id
    return File(entry.path, entry.size, oid, entry.xet_hash or "")


def _bar(share: Share) -> Any:
    """
    Return the class of which the library makes a progress bar; it counts into the share.

    Its ``update_transfer`` makes the library use one bar for what arrives by xet, not two.
    """

    class Bar:
        total: int | None = None
        n = 0

        def __init__(self, *_: object, **__: object) -> None:
            """Take what tqdm takes."""

        def update(self, count: int = 1) -> None:
            share.add(count)

        def update_transfer(self, _: int) -> None:
            """Bytes of xet chunks are not bytes of the file."""

        def set_postfix_str(self, *_: object, **__: object) -> None:
            """Show nothing."""

        set_transfer_postfix_str = set_postfix_str
        refresh = close = set_postfix_str

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    return Bar
