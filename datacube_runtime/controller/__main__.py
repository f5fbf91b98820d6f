"""
The command ``datacube-controller``: reads its arguments, runs the loop until SIGTERM or SIGINT.

The Kubernetes client is imported after the arguments are understood, so that ``--help`` and a
typing mistake cost nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeError
from datacube_runtime.controller.logs import log_json
from datacube_runtime.controller.loop import Controller
from datacube_runtime.controller.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger("datacube_runtime.controller")  # and not "__main__"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the controller; return the exit code."""
    given = _parser().parse_args(argv)
    log_json(given.log_level)
    try:
        asyncio.run(_run_until_signal(given.kubeconfig, _settings(given)))
    except DataCubeError as error:
        logger.error("%s", error)  # noqa: TRY400 - a sentence for the person who starts it
        return 1
    return 0


async def _run_until_signal(kubeconfig: str | None, settings: Settings) -> None:
    from datacube_runtime.controller.cluster import connected  # noqa: PLC0415 - see above

    async with connected(kubeconfig) as cluster:
        running = asyncio.ensure_future(Controller(cluster, settings).run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
    logger.info("stopped")


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        image=given.image,
        image_pull_policy=given.image_pull_policy,
        namespace=given.namespace,
        workers=given.workers,
        volume_grace_s=given.volume_grace,
    )


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="datacube-controller",
        description="Run DataCubes: one Job each, and its outcome in the DataCube's status.",
    )
    add = parser.add_argument
    add("--kubeconfig", metavar="FILE", help="cluster to work on; in-cluster without it")
    add("--namespace", metavar="NS", help="only this namespace; all without it")
    add("--image", default=default.image, help="of the transfer pods (%(default)s)")
    policies = ("Always", "IfNotPresent", "Never")
    add("--image-pull-policy", choices=policies, default=default.image_pull_policy)
    add("--workers", type=_positive, default=default.workers, help="at a time (%(default)s)")
    add(
        "--volume-grace",
        type=float,
        metavar="SECONDS",
        default=default.volume_grace_s,
        help="how long a new DataCube may wait for a missing claim (%(default)s)",
    )
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    add("--log-level", choices=levels, default="INFO")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
