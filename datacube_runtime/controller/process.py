"""
The life of a controller process: probes, election, work, and an orderly end.

SIGTERM or SIGINT: what is in hand is finished, the lease is given up, the code is 0. A lease that
is lost ends the process at once with code 1: another may lead already, and a fresh start is the
one state that is known to be right.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import uuid
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeError
from datacube_runtime.controller.access import ACCOUNT
from datacube_runtime.controller.cluster import connected
from datacube_runtime.controller.election import Election, Times
from datacube_runtime.controller.health import Health
from datacube_runtime.controller.loop import Controller
from datacube_runtime.controller.metrics import Metrics
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.ratelimit import TokenBucket
from datacube_runtime.controller.serving import serving

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from datacube_runtime.controller.arguments import Command
    from datacube_runtime.controller.cluster import Cluster

logger = logging.getLogger(__name__)

_GRACE_S = 25.0
"""For what is in hand; below the 30 s that Kubernetes gives a pod by default."""


async def run(command: Command) -> int:
    """
    Run until a signal comes; return the exit code.

    :raises DataCubeError: it cannot begin: no cluster to talk to, an address that is taken.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics, health = Metrics(), Health()
    async with AsyncExitStack() as stack:
        limit = TokenBucket(command.qps, command.burst)
        cluster = await stack.enter_async_context(
            connected(command.kubeconfig, limit, metrics.count_request)
        )
        health.lack("role", "waits for its role")
        if command.listen is not None:
            port = await stack.enter_async_context(serving(*command.listen, health, metrics))
            logger.info("serving probes and metrics on %s:%d", command.listen[0], port)
        code = await _Life(command, cluster, metrics, health, stop).lead()
    logger.info("stopped")
    return code


class _Life:
    def __init__(
        self,
        command: Command,
        cluster: Cluster,
        metrics: Metrics,
        health: Health,
        stop: asyncio.Event,
    ) -> None:
        self._command = command
        self._cluster = cluster
        self._metrics = metrics
        self._health = health
        self._stop = stop
        self._identity = f"{socket.gethostname()}_{uuid.uuid4()}"

    async def lead(self) -> int:
        if not self._command.leader_elect:
            return await self._work(None)
        election = self._election()
        try:
            if not await self._unless_stopped(election.win()):
                return 0
            logger.info("leading as %s", self._identity)
            return await self._work(election)
        finally:
            self._metrics.leader.set(0)
            await election.release()

    def _election(self) -> Election:
        command = self._command
        namespace = command.lease_namespace or _own_namespace()
        key = Key(namespace, command.lease_name)
        logger.info("candidate %s for the lease %s", self._identity, key)
        times = Times(*command.lease_times)
        return Election(self._cluster.unlimited(), key, self._identity, times, self._heard)

    def _heard(self, *, is_well: bool) -> None:
        if is_well:
            self._health.have("role")
        else:
            self._health.lack("role", "the API server does not answer about the lease")

    async def _work(self, election: Election | None) -> int:
        self._health.have("role")
        self._metrics.leader.set(1)
        controller = Controller(
            self._cluster,
            self._command.settings,
            metrics=self._metrics,
            health=self._health,
            instance=self._identity,
        )
        names = ", ".join(self._command.settings.namespaces) or "all namespaces"
        logger.info("working on %s", names)
        working = asyncio.ensure_future(controller.run())
        stopping = asyncio.ensure_future(self._stop.wait())
        holding = asyncio.ensure_future(election.hold() if election else asyncio.Event().wait())
        try:
            watched = (working, stopping, holding)
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done() and not holding.done():
                self._health.lack("stop", "is stopping")
                controller.stop()
                await asyncio.wait(
                    (working, holding), timeout=_GRACE_S, return_when=asyncio.FIRST_COMPLETED
                )
            if holding.done():
                logger.error("lost the lease: ending at once, another may lead already")
                return 1
            if working.done():
                working.result()
            else:
                logger.warning("not finished within %g s; another process goes on", _GRACE_S)
            return 0
        finally:
            await _end(working, stopping, holding)

    async def _unless_stopped(self, waiting: Coroutine[Any, Any, None]) -> bool:
        """Tell whether it came to its end before the process was told to stop."""
        task = asyncio.ensure_future(waiting)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            return task.done()
        finally:
            await _end(task, stopping)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Exception):
            await task


def _own_namespace() -> str:
    with suppress(OSError):
        return (Path(ACCOUNT) / "namespace").read_text(encoding="utf-8").strip()
    if namespace := os.environ.get("POD_NAMESPACE"):
        return namespace
    raise DataCubeError("--lease-namespace: is missing, and this is no pod that would say it")
