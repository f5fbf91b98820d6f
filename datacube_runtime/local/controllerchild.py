"""
The DataCube controller as a child process: started, started again when it dies, ended.

It is its own process because it is an ordinary client: it gets a kubeconfig and nothing else, as
it would in a real cluster. What an earlier, killed cluster left running is found by its mark.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from datacube_runtime.local.pods.processes import MARK, kill, marked

if TYPE_CHECKING:
    from pathlib import Path

_RESTART_PAUSE_S = 1.0
_STOP_S = 5.0

_log = logging.getLogger(__name__)


def mark_of(data_dir: Path) -> str:
    """Return what marks the processes of the controller of a data directory."""
    return f"controller-of-{data_dir}"


async def keep_controller(data_dir: Path, kubeconfig: Path, path: str) -> NoReturn:
    """Keep a controller running until cancelled; its output goes to ``controller.log``."""
    mark = mark_of(data_dir)
    kill(marked(mark))
    scratch = data_dir / "tmp"  # the Kubernetes client writes the certificate to a file
    scratch.mkdir(mode=0o700, exist_ok=True)
    places = {"PATH": path, "HOME": str(data_dir), "TMPDIR": str(scratch)}
    environment = {**places, "LANG": "C.UTF-8", MARK: mark}
    while True:
        log = os.open(data_dir / "controller.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "datacube_runtime.controller",
                "--kubeconfig",
                str(kubeconfig),
                "--listen",
                "off",
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        _log.warning("the controller ended with code %s; see controller.log", code)
        await asyncio.sleep(_RESTART_PAUSE_S)


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
