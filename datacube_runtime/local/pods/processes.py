"""
Starting a process with nothing but what it is given, and ending it with all it has begotten.

Each process leads its own session. When it ends, what is left of its process group is killed
*before* it is reaped: until then nobody else can get its number. Children that left the group
(git's background maintenance does) are found by a variable that everything of a pod inherits.

It knows neither pods nor volumes. Only ``/proc`` of Linux tells about other processes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

MARK = "EMBEDDED_POD_UID"
"""The variable that tells to which pod a process belongs."""

_LOOK_S = 0.02
_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"


class StartError(Exception):
    """The process could not be started; the text is fit for a pod's status."""


@dataclass(frozen=True)
class Launch:
    """All that a process gets: words, environment, directory, and where its output goes."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    mark: str


class Process:
    """A running process; ``exit_code`` is as a shell has it: 128 + n for signal n."""

    def __init__(
        self, popen: subprocess.Popen[bytes], mark: str, on_end: Callable[[], None]
    ) -> None:
        self.pid = popen.pid
        self.exit_code: int | None = None
        self.ended = asyncio.Event()
        self._popen, self._mark, self._on_end = popen, mark, on_end
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._wait, args=(loop,), name=f"wait-{self.pid}")
        thread.daemon = True  # the end of the cluster does not hang on a process that hangs
        thread.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens when it has ended."""
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know
            loop.call_soon_threadsafe(self._collect)

    def _collect(self) -> None:
        """Kill what the process left behind, reap it, and tell."""
        self.signal(signal.SIGKILL)
        kill(with_descendants(marked(self._mark)))
        code = self._popen.wait()
        self.exit_code = 128 - code if code < 0 else code
        self.ended.set()
        self._on_end()


def start(launch: Launch, on_end: Callable[[], None]) -> Process:
    """
    Start a process; ``on_end`` is called in the event loop when it has ended.

    :raises StartError: the program is not there, may not be run, or its words are none.
    """
    log = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        popen = subprocess.Popen(  # noqa: S603 - running what pods ask for is what this is for
            launch.argv,
            env={**launch.environment, MARK: launch.mark},
            cwd=launch.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise StartError("executable file not found in $PATH") from error
    except OSError as error:
        raise StartError((error.strerror or "the program cannot be run").lower()) from error
    except ValueError as error:
        raise StartError("a word or a variable holds a NUL byte") from error
    finally:
        os.close(log)
    return Process(popen, launch.mark, on_end)


def identity_of(pid: int) -> str:
    """Return what no two processes share, a reboot included; "" where there is no such process."""
    if (fields := _stat(pid)) is None:
        return ""
    return f"{_BOOT_ID.read_text().strip()}:{fields[_START]}"


def session_of(pid: int, identity: str) -> list[int]:
    """Return the processes of the session that this very process leads; none if it is gone."""
    if not identity or identity_of(pid) != identity:
        return []
    return [other for other, leader in sessions() if leader == pid]


def sessions() -> Iterator[tuple[int, int]]:
    """Yield each process of this machine and the leader of its session."""
    for pid in _pids():
        if fields := _stat(pid):
            yield pid, int(fields[_SESSION])


def marked(mark: str) -> list[int]:
    """Return the living processes that belong to the pod ``mark``, whoever started them."""
    wanted = f"{MARK}={mark}".encode()
    return [pid for pid in _pids() if wanted in _environment(pid)]


def with_descendants(pids: Iterable[int]) -> set[int]:
    """Return processes and all that descends from them, whatever it says of itself."""
    found, new = set(pids), set(pids)
    children: defaultdict[int, set[int]] = defaultdict(set)
    for pid in _pids() if found else ():
        if fields := _stat(pid):
            children[int(fields[_PARENT])].add(pid)
    while new:
        new = set().union(*(children[pid] for pid in new)) - found
        found |= new
    return found


def end_all(find: Callable[[], Iterable[int]]) -> int:
    """
    Kill what ``find`` finds until it finds nothing that lives; return how many that were.

    One look is not enough: a process may beget another one between the look and its death. Returns
    when all are dead, for their volumes are used again at once.
    """
    ended: set[int] = set()
    while pids := {pid for pid in with_descendants(find()) if is_alive(pid) and _is_ours(pid)}:
        kill(pids)
        ended |= pids
        threading.Event().wait(_LOOK_S)  # nobody tells: they are not our children
    return len(ended)


def kill(pids: Iterable[int]) -> None:
    """Kill processes; those that ended meanwhile, or became another user's, are no error."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Tell whether a process still does something: one that nobody has reaped yet does not."""
    fields = _stat(pid)
    return fields is not None and fields[_STATE] not in ("Z", "X")


def _is_ours(pid: int) -> bool:
    """Tell whether we may end a process: not one that took another user's rights."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


# Places in /proc/<pid>/stat, counted after the name, which may hold blanks and brackets: proc(5).
_STATE, _PARENT, _SESSION, _START = 0, 1, 3, 19


def _stat(pid: int) -> list[str] | None:
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it ended, or it is somebody else's
        return []


def _pids() -> Iterator[int]:
    names = (path.name for path in _PROC.iterdir()) if _PROC.is_dir() else ()
    return (int(name) for name in names if name.isdecimal())
