"""
Files from the hub into a directory, many at once. Runs in the process that talks to the hub.

The revision becomes a commit and the commit a list of files before anything moves. What is there
already and equal is not fetched. Each other file is written into a private directory, verified,
and renamed into its place, which is one step of the file system. This process, which alone writes
there, holds the directory's lock: however the program ends, nobody takes it for a dead one's.
"""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from datacube_api.progress import Phase, readable_bytes
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.huggingface import names
from datacube_runtime.transfer.huggingface.patterns import Wanted, choose
from datacube_runtime.transfer.huggingface.report import Tally, tell
from datacube_runtime.transfer.huggingface.verify import File, is_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datacube_runtime.transfer.huggingface.hub import Hub

T = TypeVar("T")


def fetch(hub: Hub, plan: Mapping[str, Any]) -> dict[str, Any]:
    """
    Look, choose, refuse what cannot be, and only then write; return what is there now.

    :raises TransferError: the repository has not what is wanted, or the volume cannot hold it.
    """
    seen = hub.look()
    where = f"{hub.type} {hub.id} at {seen.revision[:10]}"
    directory = Path(plan["directory"])
    files = _chosen(seen.files, Wanted.of(plan["wanted"]), where)
    size = sum(file.size for file in files)
    tell(f"{where}: {len(files)} files, {size} bytes")
    with paths.partial(Path(plan["unfinished"])) as unfinished:
        _refuse_what_cannot_be(files, directory, unfinished)
        fetched = Fetch(
            hub=hub,
            commit=seen.revision,
            directory=directory,
            unfinished=unfinished,
            files=files,
            workers=plan["workers"],
            force=plan["force"],
        ).run()
    return {
        "repo": seen.id,
        "revision": seen.revision,
        "files": len(files),
        "bytes": size,
        "transferred_files": fetched["files"],
        "transferred_bytes": fetched["bytes"],
    }


def _chosen(files: Iterable[File], wanted: Wanted, where: str) -> tuple[File, ...]:
    listed = {file.path: file for file in files}
    return tuple(listed[path] for path in choose(wanted, list(listed), where))


def _refuse_what_cannot_be(files: Iterable[File], directory: Path, unfinished: Path) -> None:
    wanted = [file.path for file in files]
    folds_case = os.path.lexists(directory / unfinished.name.upper())
    names.refuse_unfit(wanted, folds_case=folds_case)
    names.refuse_obstacles(directory, wanted)


@dataclass(frozen=True)
class Fetch:
    """What is to be there in the end, and where."""

    hub: Hub
    commit: str
    directory: Path
    unfinished: Path
    files: tuple[File, ...]
    workers: int
    force: bool

    def run(self) -> dict[str, int]:
        """
        Fetch what is missing, and return how much that was.

        :raises OSError: ENOSPC before anything is fetched, if there is no room for it.
        """
        pool = ThreadPoolExecutor(self.workers)
        missing = self.files if self.force else self._missing(pool)
        size = sum(file.size for file in missing)
        self._demand_room(size)
        tally = Tally(Phase.TRANSFER, size, len(missing))

        def bring(numbered: tuple[int, File]) -> None:
            number, file = numbered
            share, path = tally.share(file.size), self.unfinished / str(number)
            self.hub.fetch(file, self.commit, path, share)
            self._place(path, file)
            share.complete()

        for _ in _all(pool, bring, enumerate(missing)):
            pass
        pool.shutdown()
        return {"files": len(missing), "bytes": size}

    def _missing(self, pool: ThreadPoolExecutor) -> tuple[File, ...]:
        there = [file for file in self.files if os.path.lexists(self.directory / file.path)]
        tally = Tally(Phase.LIST, sum(file.size for file in there), len(there))

        def look(file: File) -> File | None:
            equal = is_equal(self.directory / file.path, file)
            tally.share(file.size).complete()
            return file if equal else None

        equal = {found.path for found in _all(pool, look, there) if found}
        return tuple(file for file in self.files if file.path not in equal)

    def _demand_room(self, size: int) -> None:
        free = shutil.disk_usage(self.directory).free
        if size > free:
            words = f"{readable_bytes(size)} are needed, {readable_bytes(free)} are free"
            raise OSError(errno.ENOSPC, words)

    def _place(self, path: Path, file: File) -> None:
        final = self.directory / file.path
        final.parent.mkdir(parents=True, exist_ok=True)
        path.replace(final)


def _all(pool: ThreadPoolExecutor, call: Callable[[Any], T], items: Iterable[Any]) -> Iterable[T]:
    """Yield the results as they come; the first failure is raised, and no other call begins."""
    futures = [pool.submit(call, item) for item in items]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
