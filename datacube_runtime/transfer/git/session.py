"""
Git, as the two directions use it: one method for each way of taking its answer.

Nothing here decides what to run; it only knows how, and what a failure means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git import lfs
from datacube_runtime.transfer.git.environment import git_environment
from datacube_runtime.transfer.git.failure import (
    last_status,
    local_failure,
    network_failure,
    spoke_git,
)
from datacube_runtime.transfer.git.progress import read_line
from datacube_runtime.transfer.git.view import check, open_view
from datacube_runtime.transfer.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacube_runtime.transfer.git.url import Remote
    from datacube_runtime.transfer.git.view import View
    from datacube_runtime.transfer.steps import Finished, Workshop


@dataclass(frozen=True)
class Git:
    """Git for one remote; inside a repository only through a view."""

    workshop: Workshop
    remote: Remote
    variables: Mapping[str, str] = field(repr=False)
    has_lfs: bool = False
    """Whether ``git-lfs`` is there: without it, pointers are files like all others."""

    def run(self, *args: str, view: View | None = None) -> Finished:
        """Run a command and leave the judging to the caller."""
        return self.workshop.engine.run(Step(("git", *args), self.environment(view), read_line))

    def must(self, *args: str, view: View | None = None) -> str:
        """
        Run a command of the local machine and return its output.

        :raises TransferError: it failed.
        """
        finished = self.run(*args, view=view)
        if not finished.ok:
            raise local_failure(args[0], finished)
        return finished.output.strip()

    def says(self, *args: str, view: View) -> str:
        """Return the output of a question, empty where Git has no answer."""
        finished = self.run(*args, view=view)
        return finished.output.strip() if finished.ok else ""

    def talk(self, *args: str, view: View | None = None) -> tuple[Finished, TransferError | None]:
        """Run a command that talks to the server; return also what went wrong, if it did."""
        self._trace.unlink(missing_ok=True)
        environment = self.environment(view) | {
            "GIT_TRACE_CURL": str(self._trace),
            "GIT_TRACE_CURL_NO_DATA": "1",
        }
        finished = self.workshop.engine.run(Step(("git", *args), environment, read_line))
        if finished.ok:
            return finished, None
        status = last_status(self._traced())
        return finished, network_failure(args[0], finished, status, self.remote)

    def must_talk(self, *args: str, view: View | None = None) -> str:
        """
        Run a command that talks to the server and return its output.

        :raises TransferError: it failed.
        """
        finished, error = self.talk(*args, view=view)
        if error:
            raise error
        return finished.output

    def list_refs(self, *patterns: str) -> str:
        """
        Ask the server what it has; see ``read_listing``.

        :raises TransferError: it does not say.
        """
        listed = self.must_talk("ls-remote", "--symref", "--", self.remote.url, *patterns)
        if not listed and not spoke_git(self._traced()):
            message = f"{self.remote.url} answers, but not as a Git repository"
            raise TransferError(Reason.SOURCE_NOT_FOUND, message)
        return listed

    def view(self, directory: Path, volume: Path) -> View:
        """
        Return the view of a repository.

        Its own configuration is only parsed, as a file and without what it includes, for the
        format of its store.

        :raises TransferError: the repository is of a kind that we cannot work on safely.
        """
        check(directory / ".git", volume)
        args = ("config", "--file", str(directory / ".git" / "config"))
        listed = self.run(*args, "--null", "--get-regexp", r"^extensions\.")
        pairs = (entry.partition("\n") for entry in listed.output.split("\0") if entry)
        extensions = {key: value for key, _, value in pairs}
        return open_view(directory, self.workshop.private, self.remote, extensions)

    def write_config(self, view: View, *pairs: tuple[str, str]) -> None:
        """Write into the repository's own configuration, as a file; Git does not act on it."""
        for key, value in pairs:
            file = str(view.git_dir / "config")
            self.must("config", "--file", file, "--replace-all", key, value)

    @property
    def _trace(self) -> Path:
        return self.workshop.private / "trace"

    def _traced(self) -> str:
        return self._trace.read_text(errors="replace") if self._trace.exists() else ""

    def environment(self, view: View | None = None) -> dict[str, str]:
        """Return the environment of a process, by its view; pointers of Git LFS stay pointers."""
        settings = view.settings if view else ()
        if self.has_lfs:
            settings = (*settings, *lfs.settings(self.remote))
        environment = git_environment(self.variables, self.workshop.private, self.remote, settings)
        return environment | {lfs.POINTERS_ONLY: "1"} | (view.variables() if view else {})
