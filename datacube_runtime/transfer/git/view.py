"""
A repository of the volume, seen without its own configuration.

A ``.git`` that lies in a volume is hostile input: hooks, ``core.fsmonitor``, ``url.*.insteadOf``,
``http.proxy``, ``credential.helper``, ``include.path``, ``filter.*`` and more in it run commands or
lead elsewhere, and no list of overrides is ever complete. So Git is given a *common directory* of
our own, with our configuration and no hooks, in which ``objects``, ``refs`` and their like are
links to those of the repository; HEAD and index stay where they are. Git then reads and writes the
repository as always, locks included, and never looks at its ``config``.

Source: GIT_COMMON_DIR in git(1); the links are those of contrib/workdir/git-new-workdir.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.transfer.git.environment import Pairs
    from datacube_runtime.transfer.git.url import Remote

_SHARED = ("objects", "refs", "packed-refs", "shallow", "logs", "lfs")
_OBJECT_FORMATS = ("sha1", "sha256")


@dataclass(frozen=True)
class View:
    """How to work on the repository at ``directory`` with a configuration of our own."""

    directory: Path
    common: Path = field(repr=False)
    settings: Pairs = field(default=(), repr=False)
    index: Path | None = field(default=None, repr=False)
    """Another index than the repository's own."""

    @property
    def git_dir(self) -> Path:
        """The repository's own ``.git``."""
        return self.directory / ".git"

    def variables(self) -> dict[str, str]:
        """Return what makes Git look through this view."""
        index = {"GIT_INDEX_FILE": str(self.index)} if self.index else {}
        return {
            "GIT_DIR": str(self.git_dir),
            "GIT_COMMON_DIR": str(self.common),
            "GIT_WORK_TREE": str(self.directory),
            **index,
        }

    def settle(self) -> None:
        """
        Carry over the one change that a link hides.

        When a shallow repository becomes whole, Git deletes ``shallow``: here that is the link.
        """
        if not (self.common / "shallow").is_symlink():
            (self.git_dir / "shallow").unlink(missing_ok=True)


def is_repository(directory: Path) -> bool:
    """Tell whether there is a ``.git`` of any kind."""
    return os.path.lexists(directory / ".git")


def open_view(
    directory: Path, private: Path, remote: Remote, extensions: Mapping[str, str]
) -> View:
    """
    Return the view; ``extensions`` are those of the repository's own configuration.

    :raises TransferError: Unsupported; the repository's format is not known.
    """
    git_dir = directory / ".git"
    common = Path(mkdtemp(prefix="view-", dir=private))
    (common / "config").write_text(_config(extensions))
    for name in _SHARED:
        (common / name).symlink_to(git_dir / name)
    return View(directory, common, _settings(git_dir, remote))


def check(git_dir: Path, volume: Path) -> None:
    """
    Refuse a ``.git`` that is not whole, or that leads elsewhere.

    :raises TransferError: InvalidOption.
    """
    shown = os.path.relpath(git_dir.parent, volume)
    if git_dir.is_symlink() or not git_dir.is_dir():
        problem = "its .git is not a directory (a worktree, or a submodule of another repository?)"
        raise invalid("subPath", f"{shown} is not a repository of its own: {problem}")
    missing = [name for name in ("HEAD", "objects", "refs") if not (git_dir / name).exists()]
    if missing:
        problem = f"its .git has no {missing[0]}"
        raise invalid("subPath", f"{shown} is not a whole repository: {problem}")
    for link in _links(git_dir):
        if not link.resolve().is_relative_to(git_dir):
            name = link.relative_to(git_dir.parent)
            raise invalid(
                "subPath", f"{shown}: the symbolic link {name} leads out of the repository"
            )
    for borrowed in _alternates(git_dir):
        if not borrowed.resolve().is_relative_to(volume.resolve()):
            problem = "it borrows objects from outside of the volume; run 'git repack -a -d' in it"
            raise invalid("subPath", f"{shown}: {problem}")


def _links(directory: Path) -> Iterator[Path]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                yield from _links(Path(entry.path))


def _alternates(git_dir: Path) -> Iterator[Path]:
    """Yield the directories that objects are borrowed from (gitrepository-layout(5))."""
    objects = git_dir / "objects"
    listed = objects / "info" / "alternates"
    if not listed.is_file():
        return
    for line in listed.read_text(errors="surrogateescape").splitlines():
        if line and not line.startswith("#"):
            yield objects / line.strip('"')


def _config(extensions: Mapping[str, str]) -> str:
    """Return the file that Git reads the format of the repository from."""
    if extensions.get("extensions.refstorage", "files") != "files":
        message = "the repository keeps its refs in a format (reftable) that is not supported yet"
        raise TransferError(Reason.UNSUPPORTED, message)
    object_format = extensions.get("extensions.objectformat", "sha1")
    if object_format not in _OBJECT_FORMATS:
        raise TransferError(Reason.UNSUPPORTED, "the repository's object format is not known")
    return (
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
        f"[extensions]\n\tobjectFormat = {object_format}\n"
    )


def _settings(git_dir: Path, remote: Remote) -> Pairs:
    """Return the remote as Git has to know it, to fetch on demand in a partial clone too."""
    settings: Pairs = (
        ("remote.origin.url", remote.url),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
    )
    if any((git_dir / "objects" / "pack").glob("*.promisor")):
        settings = (*settings, ("remote.origin.promisor", "true"))
    return settings
