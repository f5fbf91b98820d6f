"""
Git LFS: the large files that a repository keeps elsewhere, by the program ``git-lfs``.

Git sees pointers; ``git-lfs`` fetches what they stand for in one go after a checkout, and sends it
before a push. A repository may name another server in ``.lfsconfig``, and ``git-lfs`` would take
the credential there again and again: so the address is always that of the repository itself. What
arrives is checked against its hash by ``git-lfs``; that no pointer is left is checked here.

Who wants the pointers alone sets git-lfs' own variable ``GIT_LFS_SKIP_SMUDGE``.

Source: "Git" and "Path safety" of the engine measurements; git-lfs-config(5), git-lfs-pull(1).
"""

from __future__ import annotations

import logging
import re
import shutil
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from datacube_api.progress import Count, Phase, Progress
from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.failure import network_failure
from datacube_runtime.transfer.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.git.environment import Pairs
    from datacube_runtime.transfer.git.session import Git
    from datacube_runtime.transfer.git.url import Remote
    from datacube_runtime.transfer.git.view import View
    from datacube_runtime.transfer.steps import Finished

log = logging.getLogger(__name__)

POINTERS_ONLY = "GIT_LFS_SKIP_SMUDGE"
_OFF = ("", "0", "f", "false", "no", "off")
_STATUS = re.compile(r"trace git-lfs: HTTP: (\d{3})$", re.MULTILINE)
_UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_LINE = re.compile(
    r"(?:Down|Up)loading LFS objects: +\d+% \((?P<n>\d+)/(?P<of>\d+)\), "
    r"(?P<done>[\d.]+) (?P<unit>[KMGT]?B)(?: \| .*)?"
)


def is_installed(variables: Mapping[str, str]) -> bool:
    """Tell whether ``git-lfs`` is on the author's PATH."""
    return shutil.which("git-lfs", path=variables.get("PATH")) is not None


def wants_pointers(variables: Mapping[str, str]) -> bool:
    """Tell whether the author wants the pointers alone."""
    return variables.get(POINTERS_ONLY, "").lower() not in _OFF


def settings(remote: Remote) -> Pairs:
    """
    Return the configuration: one address, no locks, and the filters that tell pointers apart.

    Source: the address as git-lfs derives it, docs/api/server-discovery.md of git-lfs.
    """
    address = f"{remote.url.removesuffix('.git')}.git/info/lfs"
    return (
        ("lfs.url", address),
        ("lfs.pushurl", address),
        ("remote.origin.lfsurl", address),
        ("remote.origin.lfspushurl", address),
        ("lfs.locksverify", "false"),
        ("lfs.fetchinclude", ""),
        ("lfs.fetchexclude", ""),
        ("lfs.allowincompletepush", "false"),
        ("lfs.basictransfersonly", "true"),
        ("lfs.transfer.maxretries", "3"),
        ("filter.lfs.process", "git-lfs filter-process"),
        ("filter.lfs.clean", "git-lfs clean -- %f"),
        ("filter.lfs.smudge", "git-lfs smudge -- %f"),
        ("filter.lfs.required", "true"),
    )


def read_line(line: str) -> Progress | str:
    """Return how far git-lfs is; a line that says something else is for people as it is."""
    found = _LINE.fullmatch(line)
    if not found:
        return line
    done = int(float(found["done"]) * _UNITS[found["unit"]])
    return Progress(Phase.TRANSFER, done, count=Count(int(found["n"]), int(found["of"])))


@dataclass(frozen=True)
class LargeFiles:
    """The large files of one repository, which has been checked out."""

    git: Git
    view: View

    def names(self) -> tuple[str, ...]:
        """Return the files that the repository's attributes give to Git LFS."""
        listed = self.git.says("ls-files", "-z", ":(top,attr:filter=lfs)", view=self.view)
        return tuple(name for name in listed.split("\0") if name)

    def bring(self) -> None:
        """
        Put the files in the place of their pointers.

        :raises TransferError: Unsupported, git-lfs is not there; or what went wrong on the way.
        """
        if not (names := self.names()):
            return
        if wants_pointers(self.git.variables):
            log.warning("%d files are in Git LFS: only their pointers came", len(names))
            return
        self._refuse_without_program(len(names))
        (self.view.git_dir / "lfs").mkdir(exist_ok=True)
        self._run("pull", "origin")
        listed = self.git.must("lfs", "ls-files", view=self.view)  # "oid - name": a pointer still
        if missing := [line for line in listed.splitlines() if line.split(" ")[1] == "-"]:
            message = f"{len(missing)} files of Git LFS did not arrive whole; try again"
            raise TransferError(Reason.VERIFICATION_FAILED, message)

    def send(self, branch: str) -> None:
        """
        Send what the server has not yet, before the commits that point to it.

        :raises TransferError: as ``bring``.
        """
        if names := self.names():
            self._refuse_without_program(len(names))
            self._run("push", "origin", branch)

    def sizes(self) -> dict[str, int]:
        """Return what the files hold by name, in bytes, as far as they are there."""
        files = {name: self.view.directory / name for name in self.names()}
        return {name: file.lstat().st_size for name, file in files.items() if file.is_file()}

    def _refuse_without_program(self, number: int) -> None:
        if not self.git.has_lfs:
            message = (
                f"{number} files of the repository are in Git LFS, and git-lfs is not installed "
                f"where the transfer runs; set {POINTERS_ONLY}=1 in executor.env to get their "
                "pointers alone"
            )
            raise TransferError(Reason.UNSUPPORTED, message)

    def _run(self, command: str, *args: str) -> None:
        trace = self.git.workshop.private / "trace-lfs"
        trace.unlink(missing_ok=True)
        environment = self.git.environment(self.view) | {
            "GIT_TRACE": str(trace),
            "GIT_LFS_FORCE_PROGRESS": "1",
        }
        step = Step(("git", "lfs", command, *args), environment, read_line, talks=True)
        finished = self.git.workshop.engine.run(step)
        if not finished.ok:
            raise self._failure(command, finished, trace.read_text(errors="replace"))

    def _failure(self, command: str, finished: Finished, trace: str) -> TransferError:
        status = int(found[-1]) if (found := _STATUS.findall(trace)) else 0
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            message = f"{self.git.remote.server} has no Git LFS for this repository"
            return TransferError(Reason.SOURCE_NOT_FOUND, message)
        return network_failure(f"lfs {command}", finished, status, self.git.remote)
