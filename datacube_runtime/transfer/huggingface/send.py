"""
Files to the hub, as one commit. Runs in the process that talks to the hub.

The library decides which files are large, sends those, and makes the commit; afterwards the hub's
own listing of that commit says whether all is there.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError
from huggingface_hub.utils import _xet_progress_reporting as reporting

from datacube_api.progress import Phase
from datacube_runtime.transfer.huggingface.addition import Addition
from datacube_runtime.transfer.huggingface.facts import SpoiledError, may_pass
from datacube_runtime.transfer.huggingface.hub import patiently
from datacube_runtime.transfer.huggingface.report import Tally
from datacube_runtime.transfer.huggingface.verify import File, is_equal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from huggingface_hub import CommitInfo

    from datacube_runtime.transfer.huggingface.hub import Hub

_RACE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
_TRIES, _PAUSE_S = 4, 0.5


@dataclass(frozen=True)
class Send:
    """What is to be committed."""

    hub: Hub
    plan: Mapping[str, Any]

    def run(self) -> dict[str, Any]:
        """Commit, look whether all is there, and return what the hub has."""
        repo = self._repository()
        before = self._head(repo)
        operations, info = self._commit(repo)
        ignored = self._verify(repo, info, operations)
        return {
            "repo": repo,
            "revision": info.oid,
            "committed": info.oid != before,
            "commit_url": str(info.commit_url),
            "pull_request": info.pr_url or "",
            "ignored": ignored,
        }

    def _repository(self) -> str:
        """Make the repository if it is not there, and the branch; return its whole name."""
        hub = self.hub
        made = patiently(
            lambda: hub.api.create_repo(
                hub.id,
                repo_type=hub.type,
                exist_ok=True,
                private=self.plan["private"] or None,
                space_sdk="gradio" if hub.type == "space" else None,
            )
        )
        return str(made.repo_id)

    def _head(self, repo: str) -> str:
        hub = replace(self.hub, id=repo)
        try:
            return hub.head()[1]
        except RevisionNotFoundError:
            if self.plan["create_pr"] or (branch := hub.revision) is None:
                raise
        patiently(
            lambda: hub.api.create_branch(repo, repo_type=hub.type, branch=branch, exist_ok=True)
        )
        return hub.head()[1]

    def _commit(self, repo: str) -> tuple[list[Addition], CommitInfo]:
        """
        Commit, again where somebody else was faster, or the hub or the way to it has trouble.

        What is sent stays sent; and where the commit was made and only its answer got lost, there
        is nothing left to commit. A pull request would be opened twice, so that is not risked.
        """
        operations: list[Addition] = []
        for left in reversed(range(_TRIES)):
            hashed, (operations, tallies) = operations, self._operations()
            for known, operation in zip(hashed, operations, strict=False):
                operation.take_hash(known)
            try:
                return operations, self._commit_once(repo, operations)
            except (HfHubHTTPError, httpx2.TransportError) as error:
                if not left or not self._may_pass(error):
                    raise
            finally:
                for tally in tallies:
                    tally.flush()
            threading.Event().wait(_PAUSE_S)
        raise AssertionError  # the last try returns or raises

    def _may_pass(self, error: HfHubHTTPError | httpx2.TransportError) -> bool:
        if isinstance(error, HfHubHTTPError) and error.response.status_code in _RACE:
            return True
        return may_pass(error) and not self.plan["create_pr"]

    def _operations(self) -> tuple[list[Addition], tuple[Tally, ...]]:
        """Return the files, and what they count into: how far they are hashed, and sent."""
        files = self.plan["files"]
        size = sum(file["size"] for file in files), len(files)
        tally = Tally(Phase.TRANSFER, *size)
        unhashed = Tally(Phase.LIST, *size)
        reporting.XetUploadProgressReporter = _reporter(tally)  # type: ignore[assignment, misc]  # the library has no other way to be told of the progress of xet
        additions = [Addition.of(file, unhashed, tally.share(file["size"])) for file in files]
        return additions, (unhashed, tally)

    def _commit_once(self, repo: str, operations: Sequence[Addition]) -> CommitInfo:
        return self.hub.api.create_commit(
            repo,
            operations,
            commit_message=self.plan["message"],
            commit_description=self.plan["description"],
            repo_type=self.hub.type,
            revision=self.hub.revision,
            create_pr=self.plan["create_pr"],
        )

    def _verify(self, repo: str, info: CommitInfo, operations: Sequence[Addition]) -> list[str]:
        """
        Compare each file with what the commit has; return those that ``.gitignore`` kept out.

        :raises SpoiledError: one is missing or different.
        """
        there = {file.path: file for file in replace(self.hub, id=repo).files(info.oid)}
        tally = Tally(Phase.COMMIT, sum(o.upload_info.size for o in operations), len(operations))
        ignored = []
        for operation in operations:
            file = there.get(operation.path_in_repo)
            if file is None and operation._should_ignore:  # noqa: SLF001 - nothing else says it
                ignored.append(operation.path_in_repo)
            elif file is None or not _is_same(operation, file):
                raise SpoiledError(operation.path_in_repo)
            tally.share(operation.upload_info.size).complete()
        return ignored


def _reporter(tally: Tally) -> type:
    """Return what the library makes in the place of its progress bars of xet."""

    class Reporter:
        def __init__(self) -> None:
            self._done = 0

        def update_progress(self, group: Any, _: object) -> None:
            done = max(self._done, group.total_bytes_completed)
            tally.add(done - self._done)
            self._done = done

        def close(self) -> None:
            """Nothing is open."""

    return Reporter


def _is_same(operation: Addition, file: File) -> bool:
    """Compare by the hash of a large file that is known already; a small file is read again."""
    if file.is_large:
        return file.oid == operation.upload_info.sha256.hex()
    return is_equal(Path(str(operation.path_or_fileobj)), file)
