"""
What the embedded API server costs, beside the aims it was given.

One ``datacube-local`` without its controller, and one registry without a server around it. All in
all under a minute. Rates count the server's own CPU time: the clients are processes of the same
machine, as is whatever else runs there, and what these take says nothing of the server. It says
little where the machine is busy: a server that is interrupted for each request finds its caches
cold, so the best of several windows stands beside the mean of all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from load import Address, Clients, address, connected, watch_all

from datacube_api.crd import crd
from datacube_runtime.local.embedded import install
from datacube_runtime.local.loops import fastest
from datacube_runtime.local.registry.fields.owners import Owners
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

CUBES = "/apis/tensorstack.dev/v1beta1/namespaces/default/datacubes"
SECRETS = "/api/v1/namespaces/default/secrets"
SECRET = {"stringData": {"token": "abc"}}
CUBE = {
    "apiVersion": "tensorstack.dev/v1beta1",
    "kind": "DataCube",
    "spec": {
        "source": {
            "type": "git",
            "options": [
                {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
                {"name": "url", "value": "https://$(TOKEN)@example.org/a/repo.git"},
            ],
        },
        "sink": {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}},
    },
}
WATCHED_S, IDLE_S, START_S = 3, 5, 20
WINDOWS, A_WINDOW = 12, 400
TURNS, A_TURN = 15, 100
NUMBERS = itertools.count()
CLIENTS, WATCHERS, WATCHED_PER_S, OBJECTS = 16, 100, 400, 10_000
SPAWN = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=WINDOWS, help="of 400 creates, of each kind")
    windows = parser.parse_args().windows
    with tempfile.TemporaryDirectory() as directory:
        owning_s: dict[str, float] = {}
        for name, kind, body in (("secrets", "", SECRET), ("datacubes", "tensorstack.dev", CUBE)):
            path = Path(directory) / f"{name}.db"
            rate, unowned = creates_in_process(path, kind, name, body)
            owning_s[name] = 1 / rate - 1 / unowned
            row(f"creates of {name}, in process", f"{rate:,.0f}/s a core")
        with server(Path(directory) / "data") as (process, started_s):
            row("start to ready", f"{started_s:.2f} s", "< 1.5 s")
            row("memory when ready", f"{process.memory_info().rss / 1e6:.0f} MB")
            kubeconfig = Path(directory) / "data" / "kubeconfig"
            with asyncio.Runner(loop_factory=fastest()) as runner:
                runner.run(over_https(kubeconfig, process, owning_s, windows))


def row(what: str, measured: str, aim: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:44}{measured:>22}{aim:>18}", flush=True)


class Unowned(Owners):
    """Keeps no owners: what the rest of a create costs."""

    def begin(self, *_: Any) -> None:
        """Write nothing down."""


def creates_in_process(path: Path, group: str, plural: str, body: Any) -> tuple[float, float]:
    """
    Return creates a second of CPU time without HTTP, with and without the owners of fields.

    Both take turns, so that what else the machine does meets both alike.
    """
    store = Store(path)
    registry = Registry(store)
    install(registry, crd())
    resource = registry.resource(group, plural)
    kept, took = registry._owners, [0.0, 0.0]  # noqa: SLF001 - the one place to take it out
    for turn in range(TURNS * 2):
        registry._owners = Unowned(utc_now) if turn % 2 else kept  # noqa: SLF001 - the same
        began = time.process_time()
        for _ in range(A_TURN):
            registry.create(resource, "default", named(body))
        took[turn % 2] += time.process_time() - began
    store.close()
    return TURNS * A_TURN / took[0], TURNS * A_TURN / took[1]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def named(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object with a name that no other has."""
    return {**body, "metadata": {"name": f"n-{next(NUMBERS)}"}}


@contextlib.contextmanager
def server(data: Path) -> Iterator[tuple[psutil.Process, float]]:
    """Run a ``datacube-local``; give its process, and how long it took to answer."""
    words = ["start", "--data-dir", str(data), "--no-controller"]
    program = Path(sys.executable).parent / "datacube-local"
    env = {"PATH": os.environ["PATH"], "HOME": str(data.parent)}
    began = time.monotonic()
    started = subprocess.Popen([program, *words], env=env, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(data / "kubeconfig")
        yield psutil.Process(started.pid), time.monotonic() - began
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(START_S)


def wait_until_ready(kubeconfig: Path) -> None:
    """Return once a server answers."""
    deadline = time.monotonic() + START_S
    while not (kubeconfig.exists() and is_ready(address(kubeconfig))):
        if time.monotonic() > deadline:
            raise TimeoutError("datacube-local did not become ready")
        threading.Event().wait(0.01)


def is_ready(where: Address) -> bool:
    """Ask a server whether it is ready."""
    with contextlib.suppress(OSError):
        return where.get("/readyz") == b"ok"
    return False


async def over_https(
    kubeconfig: Path, process: psutil.Process, owning_s: dict[str, float], windows: int
) -> None:
    """Measure a server from outside; ``owning_s`` is what a create spends on owners of fields."""
    where, made = address(kubeconfig), 0
    clients = await connected(where, CLIENTS)
    for what, path, body in (("secrets", SECRETS, SECRET), ("datacubes", CUBES, CUBE)):
        took_s, spent = 0.0, [0.0] * windows
        for window in range(windows):
            requests = [where.request("POST", path, named(body)) for _ in range(A_WINDOW)]
            began, cpu = time.monotonic(), cpu_s(process)
            await clients.create_all(requests)
            spent[window] = cpu_s(process) - cpu
            took_s += time.monotonic() - began
            made += A_WINDOW
        rate = windows * A_WINDOW / sum(spent)
        row(f"creates of {what}, HTTPS", f"{rate:,.0f}/s a core", "1,500/s a core")
        row("  in the best window", f"{A_WINDOW / min(spent):,.0f}/s a core")
        row(f"  as {CLIENTS} clients see it", f"{windows * A_WINDOW / took_s:,.0f}/s")
        row("  of which keeping the owners of fields", f"{owning_s[what] * rate:.0%}", "<= 15 %")
    made += await watched(clients, kubeconfig, process)
    missing = range(max(0, OBJECTS - made))
    requests = [where.request("POST", SECRETS, named(SECRET)) for _ in missing]
    await clients.create_all(requests)
    clients.close()
    await asyncio.sleep(1)
    megabytes = process.memory_info().rss / 1e6
    row(f"memory with {made + len(missing):,} objects", f"{megabytes:.0f} MB", "< 120 MB")
    cpu = cpu_s(process)
    await asyncio.sleep(IDLE_S)
    row("CPU while idle", f"{100 * (cpu_s(process) - cpu) / IDLE_S:.1f} %", "< 1 %")


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time that a process has used."""
    used = process.cpu_times()
    return float(used.user + used.system)


async def watched(clients: Clients, kubeconfig: Path, process: psutil.Process) -> int:
    """
    Create at a steady rate in front of many watchers; say how many events they get.

    The watchers are another process. At a lower rate fewer changes share a write to a watcher, and
    each costs the server more.
    """
    where, seen = address(kubeconfig), SPAWN.Array("Q", WATCHERS)
    since = json.loads(where.get(f"{CUBES}?limit=1"))["metadata"]["resourceVersion"]
    ready = SPAWN.Barrier(2, timeout=START_S)
    watchers = SPAWN.Process(target=watch, args=(kubeconfig, since, seen, ready), daemon=True)
    watchers.start()
    await asyncio.to_thread(ready.wait)
    made = WATCHED_S * WATCHED_PER_S
    requests = [where.request("POST", CUBES, named(CUBE)) for _ in range(made)]
    began, cpu = time.monotonic(), cpu_s(process)
    await clients.create_paced(requests, WATCHED_PER_S)
    took = time.monotonic() - began
    core = (cpu_s(process) - cpu) / took
    in_time = sum(seen)
    await asyncio.sleep(1)
    in_the_end = sum(seen)
    watchers.terminate()
    watchers.join()
    row(f"creates in front of {WATCHERS} watchers", f"{made / took:,.0f}/s", f"{WATCHED_PER_S}/s")
    row("  CPU of the server meanwhile", f"{100 * core:.0f} %", "<= 100 %")
    row("  events seen meanwhile, by all together", f"{in_time / took:,.0f}/s")
    row("  events seen within another second", f"{100 * in_the_end / (made * WATCHERS):.1f} %")
    return made


def watch(kubeconfig: Path, since: str, seen: Any, ready: Any) -> None:
    """Watch until ended; ``ready`` is waited for when all watches are open."""
    path = f"{CUBES}?watch=true&resourceVersion={since}"
    with asyncio.Runner(loop_factory=fastest()) as runner:
        runner.run(watch_all(address(kubeconfig), path, seen, ready))


if __name__ == "__main__":
    main()
