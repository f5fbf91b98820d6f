"""
The command ``datacube-local``: reads arguments and environment, runs until SIGTERM or SIGINT.

The only module of the embedded cluster that looks at the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_runtime.local.embedded import Config, DataDirectoryError, run

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run an embedded cluster; return the exit code."""
    given = _parser().parse_args(argv)
    logging.basicConfig(level=given.log_level, format="%(asctime)s %(levelname)s %(message)s")
    config = Config(
        data_dir=given.data_dir.absolute(),
        path=_path(),
        port=given.port,
        has_controller=not given.no_controller,
    )
    try:
        asyncio.run(_run_until_signal(config))
    except DataDirectoryError as error:
        return _failed(str(error))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _failed(f"port {config.port} is taken: choose another, or none for any free one")
    return 0


async def _run_until_signal(config: Config) -> None:
    running = asyncio.ensure_future(run(config, lambda: _say_ready(config)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _say_ready(config: Config) -> None:
    sys.stdout.write(f"ready: KUBECONFIG={config.kubeconfig}\n")
    sys.stdout.flush()


def _failed(why: str) -> int:
    sys.stderr.write(f"datacube-local: {why}\n")
    return 1


def _path() -> str:
    """Return the PATH of pods: the programs beside this Python first, then the user's."""
    beside = str(Path(sys.executable).parent)
    return os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="datacube-local",
        description="A Kubernetes-compatible API on this machine; pods run as processes.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="run it until Ctrl-C")
    start.add_argument(
        "--data-dir",
        type=Path,
        required=True,
        metavar="DIR",
        help="state, volumes and the kubeconfig; made if it is not there, then private",
    )
    start.add_argument("--port", type=int, default=0, help="on 127.0.0.1; any free one without it")
    start.add_argument("--no-controller", action="store_true", help="let DataCubes just lie there")
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    start.add_argument("--log-level", choices=levels, default="INFO")
    return parser


if __name__ == "__main__":
    sys.exit(main())
