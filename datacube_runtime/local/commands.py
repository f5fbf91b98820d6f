"""
The commands beside ``start``: each finds out what is there, says it, and returns an exit code.

They work from outside, through the data directory, and hold no state of their own. Each is
content with what is so already: ``up`` where one runs and ``down`` where none does are no errors.
No credential is printed except by ``kubeconfig``, whose purpose it is.
"""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_runtime.local import background, reports
from datacube_runtime.local.instances import DataDirectoryError, is_ours, locked, running_in
from datacube_runtime.local.reading import FILES, PodLog, read_file, read_pod

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO, TextIO

OK, FAILED, NOT_RUNNING = 0, 1, 3
"""3: what ``systemctl status`` returns for a service that does not run."""


class CommandError(Exception):
    """The command cannot do what was asked; the text says what to do instead."""


@dataclass(frozen=True)
class Place:
    """Which data directory is meant, and where to talk."""

    directory: Path
    out: TextIO
    aside: TextIO
    """For a person's eyes, where what is said on ``out`` is for a shell."""

    def tell(self, line: str) -> None:
        """Say a line at once: somebody may wait for it."""
        _say(self.out, line)

    def remark(self, line: str) -> None:
        """Say a line to a person, at once."""
        _say(self.aside, line)

    @property
    def kubeconfig(self) -> Path:
        """Return where the kubeconfig is."""
        return self.directory / "kubeconfig"


def _say(to: TextIO, line: str) -> None:
    to.write(f"{line}\n")
    to.flush()


def up(
    place: Place, words: Sequence[str], environment: Mapping[str, str], *, has_wishes: bool
) -> int:
    """
    Start a cluster in the background with the options ``words``, unless one runs.

    ``has_wishes`` tells whether they ask for something: one that runs does not change for it. Only
    what a shell is to do about the cluster is said on ``out``, so that it can be evaluated.
    """
    if (found := running_in(place.directory)) is not None and found.is_ready:
        place.remark(f"already runs: {found.server}, pid {found.pid}, since {found.since}")
        if has_wishes:
            place.remark(
                "it keeps the options it was started with: stop it by `down` to change them"
            )
    else:
        place.remark(f"starting in {place.directory}")
        found = background.start(
            place.directory, words, environment, lambda step: place.remark(f"  {step}")
        )
        place.remark(f"ready: {found.server}, pid {found.pid}")
    place.tell(f"export KUBECONFIG={shlex.quote(str(place.kubeconfig))}")
    return OK


def down(place: Place) -> int:
    """End the cluster and wait until it has ended, its pods first."""
    found = background.named(place.directory)
    if found is None:
        left = background.end_leftovers(place.directory) if is_ours(place.directory) else 0
        place.tell(f"nothing runs in {place.directory}")
        if left:
            place.tell(f"ended {left} processes that a killed cluster had left")
        return OK
    place.tell(f"stopping pid {found.pid}; what runs in pods is ended")
    if not background.stop(place.directory, found.pid):
        raise CommandError(f"pid {found.pid} has not ended yet; try again, or kill it")
    place.tell("stopped")
    return OK


def status(place: Place, output: str) -> int:
    """Say whether a cluster runs and what it holds."""
    found = running_in(place.directory)
    facts = reports.facts_of(place.directory, found)
    if output == "json":
        place.tell(json.dumps(facts, indent=2))
    else:
        for line in reports.lines_of(facts):
            place.tell(line)
    return OK if found is not None else NOT_RUNNING


def reset(place: Place, *, is_sure: Callable[[str], bool], force: bool) -> int:
    """Remove a data directory with all that is in it: objects, volumes, logs, kubeconfig."""
    directory = place.directory
    if not directory.exists():
        place.tell(f"{directory} is not there: nothing to remove")
        return OK
    if not is_ours(directory):
        raise CommandError(f"{directory} is no data directory of an embedded cluster of yours")
    if running_in(directory) is not None and not force:
        raise CommandError("it runs: stop it with `down` first, or say --force")
    if not is_sure(f"Remove {directory} with {reports.contents(directory)}?"):
        raise CommandError("nothing was removed")
    if running_in(directory) is not None:
        down(place)
    background.end_leftovers(directory)
    _remove(directory)
    place.tell(f"removed {directory}")
    return OK


def _remove(directory: Path) -> None:
    """Remove the directory with the lock held, so that nobody starts in half of it."""
    try:
        with locked(directory):
            background.remove(directory)
    except DataDirectoryError as error:
        raise CommandError("it was started meanwhile: nothing was removed") from error


def logs(place: Place, wanted: PodLog, raw: BinaryIO) -> int:
    """Copy a log to ``raw``: a pod's, or the cluster's own where a name of ``FILES`` is said."""
    if wanted.pod in FILES:
        path = place.directory / FILES[wanted.pod]
        chunks = read_file(path, follow=wanted.follow, tail=wanted.tail)
    elif (found := running_in(place.directory)) is None or not found.is_ready:
        raise CommandError("nothing runs here that could be asked for a pod: start it with `up`")
    else:
        chunks = read_pod(place.directory, found.server, wanted)
    for chunk in chunks:
        raw.write(chunk)
        raw.flush()
    return OK


def kubeconfig(place: Place) -> int:
    """Print the kubeconfig, its token included."""
    try:
        place.out.write(place.kubeconfig.read_text())
    except FileNotFoundError:
        raise CommandError(f"no cluster was started in {place.directory} yet: `up` does") from None
    return OK


def asked(question: str) -> bool:
    """
    Ask on the terminal; only a yes is one.

    :raises CommandError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask on: say --yes")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
