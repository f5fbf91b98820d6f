"""
The only module that starts a process.

A process leads a group of its own, so that whatever it starts ends with it. What it says is read
as it comes: progress is shown as progress, every other line is redacted before anybody sees it.
Cancellation is a file descriptor beside the pipes of the process, not an exception out of a signal
handler, which could strike anywhere.
"""

from __future__ import annotations

import logging
import os
import re
import selectors
import signal
import subprocess
from collections import deque
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Self

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.steps import Finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacube_api.progress import Progress
    from datacube_runtime.transfer.progress import Meter
    from datacube_runtime.transfer.redact import Redactor
    from datacube_runtime.transfer.steps import Step

log = logging.getLogger(__name__)

_BLOCK_BYTES = 64 * 1024
_LINE_BYTES = 64 * 1024
_TAIL_LINES = 12
_LINE_END = re.compile(rb"[\r\n]")


class Cancellation:
    """A request to stop, which a selector can wait for."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._requested = False

    def request(self, *_: object) -> None:
        """Ask to stop; fit for a signal handler, and for being called twice."""
        if not self._requested:
            self._requested = True
            os.write(self._writer, b"!")

    def fileno(self) -> int:
        """Return what becomes readable once stopping is asked for."""
        return self._reader

    def check(self) -> None:
        """
        Go on, or not.

        :raises TransferError: Cancelled.
        """
        if self._requested:
            raise TransferError(Reason.CANCELLED, "the transfer was cancelled before it was done")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reader)
        os.close(self._writer)


class ProcessEngine:
    """Takes steps as processes of this machine."""

    def __init__(
        self,
        redact: Redactor,
        meter: Meter,
        cancellation: Cancellation,
        grace_s: float = 5.0,
    ) -> None:
        """
        Remember whom to ask.

        ``grace_s`` is what a process gets between being asked to end and being killed; the pod
        itself has 30 seconds.
        """
        self._redact, self._meter = redact, meter
        self._cancellation, self._grace_s = cancellation, grace_s

    def run(self, step: Step) -> Finished:
        """Run a process to its end; see ``Engine``."""
        self._cancellation.check()
        with _started(step, self._grace_s) as process:
            output, tail = self._follow(process, step)
            self._meter.flush()
            return Finished(process.wait(), output.decode(errors="replace"), tail)

    def check(self) -> None:
        """Go on, or not; see ``Engine``."""
        self._cancellation.check()

    def _follow(
        self, process: subprocess.Popen[bytes], step: Step
    ) -> tuple[bytes, tuple[str, ...]]:
        """Read both pipes until they are closed; return the output and the last error lines."""
        output, tail = bytearray(), deque[str](maxlen=_TAIL_LINES)
        lines = _Lines()
        for source, block in self._blocks(process):
            if source is process.stdout and not step.talks:
                output += block
                continue
            for line in lines.feed(block):
                self._say(step.read(line), tail)
        self._say(step.read(lines.rest()), tail)
        return bytes(output), tuple(tail)

    def _blocks(self, process: subprocess.Popen[bytes]) -> Iterator[tuple[IO[bytes], bytes]]:
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        with selectors.DefaultSelector() as selector:
            selector.register(self._cancellation, selectors.EVENT_READ)
            for pipe in pipes:
                selector.register(pipe, selectors.EVENT_READ, pipe)
            while pipes:
                for key, _ in selector.select():
                    self._cancellation.check()
                    if block := os.read(key.fd, _BLOCK_BYTES):
                        yield key.data, block
                    else:
                        selector.unregister(key.data)
                        pipes.remove(key.data)

    def _say(self, said: Progress | str | None, tail: deque[str]) -> None:
        if isinstance(said, str) and said:
            line = self._redact(said)
            tail.append(line)
            log.info("%s", line)
        elif said:
            self._meter.take(said)


class _Lines:
    """Cuts a stream at line feeds and carriage returns; what is too long loses its end."""

    def __init__(self) -> None:
        self._open = b""

    def feed(self, block: bytes) -> Iterator[str]:
        *whole, self._open = _LINE_END.split(self._open + block)
        self._open = self._open[:_LINE_BYTES]
        yield from map(_printable, whole)

    def rest(self) -> str:
        return _printable(self._open)


def _printable(line: bytes) -> str:
    """Return text that cannot steer a terminal: a remote's words are shown as they come."""
    text = line[:_LINE_BYTES].decode(errors="replace")
    return "".join(char if char.isprintable() else " " for char in text).rstrip()


@contextmanager
def _started(step: Step, grace_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the process; where the body does not see its end, the whole group is ended."""
    try:
        process = subprocess.Popen(  # noqa: S603 - argv comes from our backends, never a shell line
            step.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if step.talks else subprocess.PIPE,
            env=dict(step.environment),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        message = f"the program {step.argv[0]!r} is not installed where the transfer runs"
        raise TransferError(Reason.ENGINE_FAILED, message) from error
    with process:
        try:
            yield process
        finally:
            if process.returncode is None:
                _end_group(process, grace_s)


def _end_group(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask the whole group to end; what has not ended with its leader is killed."""
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    with suppress(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
