"""
rclone, as the two directions use it: how to ask it, and what a failure means.

Nothing here decides what to transfer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datacube_runtime.transfer.s3.environment import rclone_environment
from datacube_runtime.transfer.s3.failure import failure, last_answer
from datacube_runtime.transfer.s3.leftovers import GLOB
from datacube_runtime.transfer.s3.progress import Log
from datacube_runtime.transfer.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.transfer.arguments import ExtraArgs
    from datacube_runtime.transfer.exit import TransferError
    from datacube_runtime.transfer.s3.environment import Service
    from datacube_runtime.transfer.s3.progress import Stats
    from datacube_runtime.transfer.s3.uri import Uri
    from datacube_runtime.transfer.steps import Finished, Workshop

_ALWAYS = (
    "--use-json-log",
    "--log-level=NOTICE",
    "--ask-password=false",
    "--skip-links",  # of the volume; they are reported by us
)
_NOT_OURS = f"--filter=- {GLOB}"
# rclone's own patience is twelve minutes; that of a DataCube is its backoffLimit.
_PACE = ("--stats=1s", "--stats-log-level=NOTICE")
_PATIENCE = ("--retries=2", "--low-level-retries=3", "--contimeout=10s", "--timeout=60s")
_ASKING = ("--stats=0", "--retries=1", "--low-level-retries=1", "--contimeout=5s", "--timeout=60s")
# Without --files-only rclone lists a prefix of this name, however much is below it.
_ONE = ("--stat", "--files-only", "--no-mimetype", "--no-modtime")
_LISTED = ("--recursive", "--files-only", "--no-mimetype", "--no-modtime")


@dataclass(frozen=True)
class Rclone:
    """rclone for one place of one service, which it knows as ``s:``."""

    workshop: Workshop
    service: Service
    uri: Uri
    extra_args: ExtraArgs
    variables: Mapping[str, str] = field(repr=False)

    def ask(self, *args: str) -> Finished:
        """Run a command that moves nothing, and leave the judging to the caller."""
        return self._run(Log(), *args, *_ALWAYS, _NOT_OURS, *_ASKING)

    def list(self, path: str, *args: str) -> Finished:
        """List all files below a path, chosen as the author says; one JSON object a line."""
        return self.ask("lsjson", *_LISTED, *args, path)

    def stat(self, uri: Uri) -> Finished:
        """Look whether there is an object of this very name; the answer is ``null`` if not."""
        return self.ask("lsjson", *_ONE, remote(uri))

    def move(self, command: str, source: str, sink: str, *tuning: str) -> Stats:
        """
        Run the command that transfers.

        :raises TransferError: it failed.
        """
        return self._move(command, source, sink, _NOT_OURS, *tuning)

    def fetch(self, uri: Uri, file: str, *tuning: str) -> Stats:
        """
        Write one object to this very file; rclone knows no filters for a single one.

        :raises TransferError: it failed.
        """
        return self._move("copyto", remote(uri), file, *tuning)

    def _move(self, command: str, source: str, sink: str, *tuning: str) -> Stats:
        log = Log()
        args = (*_ALWAYS, *_PACE, *_PATIENCE, *tuning, *self.extra_args.of("copy"))
        finished = self._run(log, command, source, sink, *args)
        if not finished.ok:
            raise self.failure(command, finished)
        return log.stats

    def failure(self, what: str, finished: Finished) -> TransferError:
        """Return why a command failed; a refusal without a code is asked for again, with one."""
        answer = last_answer(finished.tail)
        if answer and answer.needs_a_second_opinion:
            again = self.ask("lsjson", "--s3-no-head-object", remote(self.uri))
            if last_answer(again.tail):
                finished = again
        return failure(what, finished, self.service, self.uri)

    def _run(self, log: Log, *args: str) -> Finished:
        environment = rclone_environment(self.variables, self.workshop.private, self.service)
        return self.workshop.engine.run(Step(("rclone", *args), environment, log))


def remote(uri: Uri) -> str:
    """Return a place as rclone has it."""
    return f"s:{uri.path}"
