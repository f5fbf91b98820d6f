"""
Start programs, wait until they are ready, and end every one of them.

A program's children may start sessions of their own (Airflow's do), and the demo itself may be
gone when they are to be ended (``--keep``). So every process that we start carries a marker in its
environment, inherited by its children, and whoever carries the marker is ended.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MARKER = "AIRFLOW_PROVIDER_DEMO"
_PAUSE = threading.Event()


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to look at."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Program:
    """A running program and where it writes what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """
        Do nothing while it runs.

        :raises DemoError: it ended; shows the last lines of its log.
        """
        if self.process.poll() is not None:
            code = self.process.returncode
            raise DemoError(f"{self.name} ended with exit code {code}\n{tail(self.log)}")


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log, each set off, with the log's path above them."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([f"  {log}:", *(f"  | {line}" for line in text.splitlines()[-lines:])])


class Programs:
    """Everything that this demo runs."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self._logs = home / "logs"
        self._env = {**env, MARKER: str(home)}
        self._logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Program:
        """Start a program that goes on running."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env={**self._env, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Program(name, process, log)

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """
        Run a program to its end.

        :raises DemoError: it did not end well; shows the last lines of its log.
        """
        program = self.start(name, command, env)
        if program.process.wait():
            program.check()


def wait_until(
    done: Callable[[], bool], what: str, timeout_s: float, watched: Sequence[Program] = ()
) -> None:
    """
    Wait until ``done()``, looking five times a second.

    :raises DemoError: it takes too long, or one of ``watched`` ended meanwhile.
    """
    deadline = time.monotonic() + timeout_s
    while not done():
        for program in watched:
            program.check()
        if time.monotonic() > deadline:
            shown = "\n".join(tail(program.log, lines=5) for program in watched)
            raise DemoError(f"{what} took longer than {timeout_s:g} seconds\n{shown}")
        _PAUSE.wait(0.2)


def marked(home: Path) -> list[psutil.Process]:
    """Return the processes that belong to the demo at ``home``."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(MARKER) == str(home):
                found.append(process)
    return found


def end_all(home: Path, grace_s: float = 10) -> int:
    """End whatever belongs to the demo at ``home``; return how many processes there were."""
    ended = 0
    for end in (psutil.Process.terminate, psutil.Process.kill):
        processes = marked(home)
        ended = max(ended, len(processes))
        for process in processes:
            with suppress(psutil.Error):
                end(process)
        psutil.wait_procs(processes, timeout=grace_s)
    return ended
