"""
Start programs, wait until they are ready, and end every one of them.

The demo itself may be gone when its programs are to be ended (``--keep``), and their children may
have lost their parents. So a process is known by its session, which each program opens and which is
written down, or by a marker in the environment, which it inherits. Neither alone is enough: some of
Airflow's processes open sessions of their own, others write their title over their environment.
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
_SESSIONS = "sessions"
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
        self._sessions = home / _SESSIONS
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
        with self._sessions.open("a") as sessions:
            created = psutil.Process(process.pid).create_time()
            sessions.write(f"{process.pid} {created!r}\n")
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


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the processes that belong to the demo at ``home``."""
    sessions = _sessions_of(home)
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            is_in_session = os.getsid(process.pid) in sessions
            if is_in_session or process.environ().get(MARKER) == str(home):
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def _sessions_of(home: Path) -> set[int]:
    """Return the sessions whose first process is still the one that we started."""
    written = home / _SESSIONS
    lines = written.read_text().splitlines() if written.exists() else ()
    ours = set()
    for pid, created in (line.split() for line in lines):
        with suppress(psutil.Error):
            if psutil.Process(int(pid)).create_time() == float(created):
                ours.add(int(pid))
    return ours


def end_all(home: Path, grace_s: float = 5) -> int:
    """End whatever belongs to the demo at ``home``; return how many processes there were."""
    asked = processes_of(home)
    _send(asked, psutil.Process.terminate, grace_s)
    # Whoever outlived its session's first process is known from before only.
    _send([*asked, *processes_of(home)], psutil.Process.kill, grace_s)
    return len(asked)


def _send(
    processes: Sequence[psutil.Process], end: Callable[[psutil.Process], None], wait_s: float
) -> None:
    for process in processes:
        with suppress(psutil.Error):
            end(process)
    psutil.wait_procs(processes, timeout=wait_s)
