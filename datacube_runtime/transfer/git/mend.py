"""
Files that a killed transfer was writing go back to what the index has, so that Git goes on.

What was not written by us is never touched: only a file that holds its version of the commit that
was aimed at, or the beginning of it, was ours; and of Git LFS, one that holds a beginning of its
object.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from datacube_runtime.transfer import paths
from datacube_runtime.transfer.git.lfs import LargeFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from datacube_runtime.transfer.git.session import Git
    from datacube_runtime.transfer.git.view import View

_BLOCK_BYTES = 1024 * 1024
_NAMES_A_COMMAND = 100


def mend(git: Git, view: View, commit: str) -> None:
    """Put the work tree back to where it was before a transfer that aimed at ``commit``."""
    if not commit or not git.run("cat-file", "-e", f"{commit}^{{commit}}", view=view).ok:
        return  # it was killed before it had anything to write
    tracked = _listed(git, view, "ls-files")
    changed = _listed(git, view, "diff-files", "--name-only")
    aimed = _listed(git, view, "diff-index", "--cached", "--name-only", commit)
    ours = set(_written(git, view, commit, aimed & (changed | (aimed - tracked))))
    ours |= {
        name for name in changed & set(LargeFiles(git, view).names()) if _is_large(git, view, name)
    }
    for name in ours - tracked:
        (view.directory / name).unlink()
    for some in _batches(ours & tracked):
        git.must("checkout-index", "--force", "--", *some, view=view)


def _written(git: Git, view: View, commit: str, names: set[str]) -> Iterator[str]:
    """Yield the files that hold their version of a commit, or the beginning of it."""
    there = sorted(name for name in names if _is_file(view, name))
    index = git.workshop.private / "mend-index"
    of_commit = replace(view, index=index)
    if there:
        git.must("read-tree", commit, view=of_commit)
    for some in _batches(there):
        with paths.partial(view.directory) as aside:
            prefix = f"--prefix={aside}/"
            git.must("checkout-index", "--force", prefix, "--", *some, view=of_commit)
            yield from (name for name in some if _begins(view.directory / name, aside / name))


def _is_large(git: Git, view: View, name: str) -> bool:
    """Tell whether a file holds the beginning of the object that its pointer stands for."""
    lines = git.says("show", f":{name}", view=view).splitlines()
    oid = dict(line.partition(" ")[::2] for line in lines).get("oid", "").removeprefix("sha256:")
    stored = view.git_dir / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    return bool(oid) and _is_file(view, name) and _begins(view.directory / name, stored)


def _is_file(view: View, name: str) -> bool:
    """Tell whether it is a file of the work tree; what a link leads to is none."""
    file = view.directory / name
    return file.parent.resolve() == file.parent and not file.is_symlink() and file.is_file()


def _begins(file: Path, whole: Path) -> bool:
    """Tell whether a file is the beginning of another, or equal to it."""
    if whole.is_symlink() or not whole.is_file():
        return False
    with file.open("rb") as part, whole.open("rb") as all_of_it:
        while block := part.read(_BLOCK_BYTES):
            if all_of_it.read(len(block)) != block:
                return False
    return True


def _listed(git: Git, view: View, command: str, *args: str) -> set[str]:
    listed = git.run(command, "-z", *args, view=view).output
    return {name for name in listed.split("\0") if name}


def _batches(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    rest = iter(names)
    while some := tuple(itertools.islice(rest, _NAMES_A_COMMAND)):
        yield some
