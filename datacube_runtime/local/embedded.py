"""
The embedded cluster as a whole: API server, runner and controller over one data directory.

The order matters. Up: the store, the DataCube definition, the server, then the kubeconfig, and
only then those who use it. Down: the controller first, so that nobody reacts to what is being
ended; then the runner with its processes; the server last, which answers to the end.
"""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from datacube_api.conditions import timestamp
from datacube_api.crd import crd
from datacube_runtime.local import access
from datacube_runtime.local.apiserver.server import application, serve
from datacube_runtime.local.controllerchild import keep_controller
from datacube_runtime.local.files import write_private
from datacube_runtime.local.instances import READY, Instance, forget, locked, prepare, say
from datacube_runtime.local.jobs.plan import Backoff
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import DEFINITIONS
from datacube_runtime.local.registry.store import Store
from datacube_runtime.local.runner import Runner, RunnerConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from aiohttp import web

_PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Config:
    """What an embedded cluster is started with."""

    data_dir: Path
    path: str
    """Where programs of pods are looked for: the value of PATH."""

    port: int = 0
    """0: the one of last time if it is free, else any."""

    has_controller: bool = True

    backoff_base_s: float | None = None
    """The pause after the first failed attempt of a Job; None: Kubernetes' ten seconds."""

    @property
    def kubeconfig(self) -> Path:
        """Return where the kubeconfig is written."""
        return self.data_dir / "kubeconfig"


async def run(config: Config, on_ready: Callable[[], None]) -> None:
    """
    Run an embedded cluster until cancelled; ``on_ready`` is called when it answers.

    :raises DataDirectoryError: the data directory is in use, or holds other things.
    """
    directory = config.data_dir
    prepare(directory)
    with locked(directory):
        forget(directory)
        said = Instance(os.getpid(), "opening its state", timestamp(datetime.now(UTC)))
        say(directory, said)
        with _stored(directory / "state.db") as store:
            registry = Registry(store)
            install(registry, crd())
            runner = Runner(registry, directory, config.path, _tuned(config))
            say(directory, replace(said, stage="starting its API server"))
            async with _served(config, registry, runner) as server, asyncio.TaskGroup() as tasks:
                tasks.create_task(_run_all(config, runner))
                say(directory, replace(said, stage=READY, server=server))
                on_ready()


def _tuned(config: Config) -> RunnerConfig:
    if config.backoff_base_s is None:
        return RunnerConfig()
    return RunnerConfig(backoff=Backoff(base_s=config.backoff_base_s))


def install(registry: Registry, definition: Mapping[str, Any]) -> None:
    """Create a CustomResourceDefinition, or bring the one that is there up to date."""
    name = definition["metadata"]["name"]
    if any(d["metadata"]["name"] == name for d in registry.list(DEFINITIONS)):
        registry.patch(DEFINITIONS, None, name, {"spec": definition["spec"]})
    else:
        registry.create(DEFINITIONS, None, dict(definition))


async def _run_all(config: Config, runner: Runner) -> None:
    running = asyncio.ensure_future(runner.run())
    if not config.has_controller:
        await running
        return
    controller = asyncio.ensure_future(
        keep_controller(config.data_dir, config.kubeconfig, config.path)
    )
    try:
        await asyncio.wait((running, controller), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (controller, running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def _served(config: Config, registry: Registry, runner: Runner) -> AsyncIterator[str]:
    """Serve, and write the kubeconfig that says where; yield the address."""
    bearer, pem = access.token(config.data_dir), access.certificate(config.data_dir)
    app = application(registry, bearer, runner.log_path)
    server, port = await _bound(app, config, pem)
    try:
        write_private(config.kubeconfig, access.kubeconfig(port, pem.read_bytes(), bearer))
        yield access.address(port)
    finally:
        await server.cleanup()


async def _bound(app: web.Application, config: Config, pem: Path) -> tuple[web.AppRunner, int]:
    """Take the port that was asked for; else the one of last time, so that copies stay good."""
    context = access.server_context(pem)
    if config.port or not (port := _last_port(config.kubeconfig)):
        return await serve(app, config.port, context)
    try:
        return await serve(app, port, context)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return await serve(app, 0, context)


def _last_port(kubeconfig: Path) -> int:
    try:
        server: str = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        return int(server.rpartition(":")[2])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return 0


@contextmanager
def _stored(path: Path) -> Iterator[Store]:
    path.touch(mode=_PRIVATE_FILE)  # it holds Secrets; SQLite's own files get the same mode
    store = Store(path)
    try:
        yield store
    finally:
        store.close()
