"""
Starting, stopping and clearing up the process of an embedded cluster that has no terminal.

A process is signalled through a descriptor that names it for good (``pidfd``), taken before it is
checked that the cluster is still that process: a number may be somebody else's by then.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_runtime.local.controllerchild import mark_of
from datacube_runtime.local.instances import SERVER_LOG, Instance, prepare, running_in
from datacube_runtime.local.pods.leftovers import processes_of
from datacube_runtime.local.pods.processes import end_all, marked
from datacube_runtime.local.pods.scratch import all_scratches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_START_S, _STOP_S = 60.0, 30.0
_LOOK_S = 0.02


class BackgroundError(Exception):
    """The process did not start, or says nothing; the text is what it said last."""


def start(
    directory: Path,
    words: Sequence[str],
    environment: Mapping[str, str],
    on_step: Callable[[str], None],
) -> Instance:
    """
    Start a cluster and wait until it is ready; its output goes to a file in the directory.

    :raises BackgroundError: it ended, or is not ready in a minute.
    """
    prepare(directory)
    log = directory / SERVER_LOG
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    output = os.open(log, flags, 0o600)
    try:
        said_before = os.fstat(output).st_size
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-m", "datacube_runtime.local", "start", *words],
            env=dict(environment),
            cwd="/",  # no directory is kept busy by a cluster that stays
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C and a closed terminal are not meant for it
        )
    finally:
        os.close(output)
    found = _wait_until_ready(directory, process, on_step)
    if found is not None:
        process.returncode = 0  # it stays; Popen would complain that nobody waited for it
        return found
    said = log.read_bytes()[said_before:].decode(errors="replace").strip()
    raise BackgroundError(said.rpartition("\n")[2].removeprefix("datacube-local: ") or "no reason")


def _wait_until_ready(
    directory: Path, process: subprocess.Popen[bytes], on_step: Callable[[str], None]
) -> Instance | None:
    """Return the cluster when it is ready (another's start may win); None when ours has ended."""
    deadline = time.monotonic() + _START_S
    step = ""
    while time.monotonic() < deadline:
        has_ended = process.poll() is not None  # asked before the look, or its last is missed
        found = running_in(directory)
        if found is not None and found.is_ready:
            return found
        if found is None and has_ended:
            return None
        if found is not None and found.pid and found.stage != step:
            step = found.stage
            on_step(step)
        threading.Event().wait(_LOOK_S)
    raise BackgroundError(f"it is not ready after {_START_S:.0f} s; see {directory / SERVER_LOG}")


def named(directory: Path) -> Instance | None:
    """Return the cluster that runs, once it has said which process it is; None where none does."""
    deadline = time.monotonic() + _START_S
    while (found := running_in(directory)) is not None and not found.pid:
        if time.monotonic() > deadline:
            raise BackgroundError(f"what runs in {directory} does not say its process")
        threading.Event().wait(_LOOK_S)
    return found


def stop(directory: Path, pid: int, timeout_s: float = _STOP_S) -> bool:
    """Ask the cluster to end, which ends its pods; tell whether it did in time."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        now = running_in(directory)
        if now is None or now.pid != pid:
            return True
        signal.pidfd_send_signal(process, signal.SIGTERM)
        return bool(select.select([process], [], [], timeout_s)[0])
    finally:
        os.close(process)


def end_leftovers(directory: Path) -> int:
    """End what a killed cluster left running; return how many processes that were."""
    pods = directory / "pods"
    scratches = list(all_scratches(pods)) if pods.is_dir() else []
    ended = end_all(lambda: marked(mark_of(directory)))
    return ended + sum(end_all(partial(processes_of, scratch)) for scratch in scratches)


def remove(directory: Path) -> None:
    """Remove a tree, directories that forbid it included: their owner may allow it again."""
    for parent, names, _ in os.walk(directory):
        for below in (Path(parent, name) for name in names):
            if not below.is_symlink():  # chmod would follow it out of the tree
                below.chmod(stat.S_IRWXU)
    shutil.rmtree(directory)
