"""
Put a revision into the work tree, and lose nothing that only exists here.

"Here" is what no ref of the server holds: commits of a user's task that were not pushed. Whether a
commit is known to the server is asked of the remote-tracking refs, before the fetch and after it.
Ancestry alone would not do: a branch that was rewritten on the server is no descendant, and a
shallow repository does not know its ancestors.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.failure import local_failure
from datacube_runtime.transfer.git.lfs import LargeFiles
from datacube_runtime.transfer.git.refs import Kind, not_found
from datacube_runtime.transfer.git.submodules import read_submodules

if TYPE_CHECKING:
    from datacube_runtime.transfer.git.refs import Revision
    from datacube_runtime.transfer.git.session import Git
    from datacube_runtime.transfer.git.submodules import Submodule
    from datacube_runtime.transfer.git.view import View

log = logging.getLogger(__name__)

FETCHED = "refs/datacube/"
"""Holds commits that were fetched by their hash: known to the server, though no branch shows it."""


@dataclass(frozen=True)
class Checkout:
    """The work tree of one repository."""

    git: Git
    view: View
    revision: Revision

    def refuse_to_lose_head(self) -> None:
        """
        Check that HEAD's commits are kept by some ref before HEAD moves.

        :raises TransferError: they are on no branch, so that nothing would hold them any more.
        """
        if not self._commit("HEAD"):
            return
        if self._beyond("HEAD", "--branches", "--tags", "--remotes", f"--glob={FETCHED}"):
            message = (
                f"{self._where} has commits that are on no branch; "
                "make one for them ('git switch -c <name>'), or move the directory away"
            )
            raise TransferError(Reason.LOCAL_CHANGES, message)

    def has_local_work(self) -> bool:
        """Tell whether the branch that is wanted holds commits that the server is not known to."""
        branch = self._branch
        return bool(self._commit(branch) and self._beyond(branch, "--remotes=origin"))

    def has_commit(self) -> bool:
        """Tell whether the wanted commit is here already."""
        return bool(self._commit(self.revision.commit))

    def to_the_root(self) -> tuple[str, ...]:
        """Return what makes a fetch bring the whole history."""
        return ("--unshallow",) if self._is_shallow() else ()

    def from_scratch(self) -> None:
        """Fill the empty work tree of a new clone."""
        self._check_out("--force", *self._aim())
        LargeFiles(self.git, self.view).bring()

    def update(self, *, local_work: bool) -> None:
        """
        Move an existing work tree; ``local_work`` is what was true before the fetch.

        :raises TransferError: that would throw away commits, or changes that are not committed.
        """
        if self.revision.kind is Kind.BRANCH and local_work and self.has_local_work():
            self._keep_local_work()
        else:
            self._check_out(*self._aim())
        LargeFiles(self.git, self.view).bring()

    def describe(self) -> dict[str, Any]:
        """Return what is checked out: commit, number and size of its files."""
        commit = self._commit("HEAD")
        if not commit:
            return {"commit": None, "files": 0, "bytes": 0}
        listed = self.git.must("ls-tree", "-r", "-l", "-z", "HEAD", view=self.view)
        entries = (line.split("\t", 1) for line in listed.split("\0") if line)
        sizes = {name: about.split()[3] for about, name in entries}
        known = {name: int(size) for name, size in sizes.items() if size != "-"}  # "-": a submodule
        known |= LargeFiles(self.git, self.view).sizes()
        return {"commit": commit, "files": len(known), "bytes": sum(known.values())}

    def submodules(self) -> list[Submodule]:
        """Return the submodules of what is checked out."""
        tree = self.git.must("ls-tree", "-r", "-z", "HEAD", view=self.view)
        listing = ("config", "--blob", "HEAD:.gitmodules", "--null", "--list")
        return read_submodules(tree, self.git.says(*listing, view=self.view))

    @property
    def _branch(self) -> str:
        return f"refs/heads/{self.revision.name}"

    @property
    def _tracking(self) -> str:
        return f"refs/remotes/origin/{self.revision.name}"

    @property
    def _where(self) -> str:
        return f"the repository {self.view.directory.name!r} in the volume"

    def _aim(self) -> tuple[str, ...]:
        """Return the arguments that name what to check out."""
        if self.revision.kind is Kind.BRANCH:
            return ("--no-track", "-B", self.revision.name, self._must_have(self._tracking))
        return ("--detach", self._must_have(self.revision.commit))

    def _check_out(self, *args: str) -> None:
        # Quiet, because the summary of local changes would look into submodules and so read
        # their configuration.
        finished = self.git.run("checkout", "--quiet", "--progress", *args, view=self.view)
        if not finished.ok:
            raise local_failure("checkout", finished)
        if self.revision.kind is Kind.BRANCH:
            section = f"branch.{self.revision.name}"
            self.git.write_config(
                self.view, (f"{section}.remote", "origin"), (f"{section}.merge", self._branch)
            )

    def _keep_local_work(self) -> None:
        """Stay on the local branch where it only goes beyond the server's."""
        if not self._goes_beyond() and self._is_shallow():
            log.info("the history is fetched whole, to see whether local commits build on it")
            refspec = f"+{self._branch}:{self._tracking}"
            self.git.must_talk("fetch", "--unshallow", "origin", refspec, view=self.view)
            self.view.settle()
            if not self.has_local_work():
                self._check_out(*self._aim())
                return
        if not self._goes_beyond():
            message = (
                f"{self._where} has commits on branch {self.revision.name!r} that the server does "
                "not have, and the server has others: push them under another name, or move the "
                "directory away"
            )
            raise TransferError(Reason.LOCAL_CHANGES, message)
        log.info("branch %s has commits that are not pushed; they are kept", self.revision.name)
        self._check_out(self.revision.name, "--")

    def _goes_beyond(self) -> bool:
        args = ("merge-base", "--is-ancestor", self._tracking, self._branch)
        return self.git.run(*args, view=self.view).ok

    def _is_shallow(self) -> bool:
        return self.git.must("rev-parse", "--is-shallow-repository", view=self.view) == "true"

    def _beyond(self, tip: str, *known: str) -> bool:
        args = ("rev-list", "--max-count=1", tip, "--not", *known, "--")
        return bool(self.git.must(*args, view=self.view))

    def _commit(self, name: str) -> str:
        args = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return self.git.says(*args, view=self.view)

    def _must_have(self, name: str) -> str:
        if commit := self._commit(name):
            return commit
        raise not_found(self.revision.name)
