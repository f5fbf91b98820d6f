"""
What the embedded API server costs, beside the aims it was given.

One ``datacube-local`` without its controller, and one registry without a server around it. All in
all under a minute; client and server are processes of the same machine, so a busy one shows less.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import yaml
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from datacube_api.crd import crd
from datacube_runtime.local.embedded import install
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
WINDOW_S, IDLE_S, START_S = 3, 5, 20
NUMBERS = itertools.count()
CLIENTS, WATCHERS, WATCHED_PER_S, OBJECTS = 16, 100, 400, 10_000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        for name, kind, body in (("secrets", "", SECRET), ("datacubes", "tensorstack.dev", CUBE)):
            rate = creates_in_process(Path(directory) / f"{name}.db", kind, name, body)
            row(f"creates of {name}, in process", f"{rate:,.0f}/s")
        with server(Path(directory) / "data") as (process, started_s):
            row("start to ready", f"{started_s:.2f} s", "< 1.5 s")
            row("memory when ready", f"{process.memory_info().rss / 1e6:.0f} MB")
            asyncio.run(over_https(Path(directory) / "data" / "kubeconfig", process))


def row(what: str, measured: str, aim: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:44}{measured:>22}{aim:>18}", flush=True)


def creates_in_process(path: Path, group: str, plural: str, body: dict[str, Any]) -> float:
    """Return creates a second without HTTP, to a database on disk."""
    store = Store(path)
    registry = Registry(store)
    install(registry, crd())
    resource = registry.resource(group, plural)
    made, began = 0, time.monotonic()
    while time.monotonic() - began < WINDOW_S:
        registry.create(resource, "default", named(body))
        made += 1
    rate = made / (time.monotonic() - began)
    store.close()
    return rate


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
    while not (kubeconfig.exists() and asyncio.run(is_ready(kubeconfig))):
        if time.monotonic() > deadline:
            raise TimeoutError("datacube-local did not become ready")
        threading.Event().wait(0.01)


async def is_ready(kubeconfig: Path) -> bool:
    """Ask a server whether it is ready."""
    with contextlib.suppress(ClientError):
        async with session(kubeconfig) as http, http.get("/readyz") as answer:
            return answer.ok
    return False


def session(kubeconfig: Path) -> ClientSession:
    """Return an HTTP session at the server of a kubeconfig."""
    known = yaml.safe_load(kubeconfig.read_text())
    cluster, user = known["clusters"][0]["cluster"], known["users"][0]["user"]
    return ClientSession(
        cluster["server"],
        headers={"Authorization": f"Bearer {user['token']}"},
        connector=TCPConnector(limit=0, ssl=_trusting(cluster)),
        timeout=ClientTimeout(total=60),
    )


def _trusting(cluster: dict[str, str]) -> ssl.SSLContext:
    pem = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return ssl.create_default_context(cadata=pem)


async def over_https(kubeconfig: Path, process: psutil.Process) -> None:
    """Measure a server from outside."""
    async with session(kubeconfig) as http:
        made = 0
        for what, path, body in (("secrets", SECRETS, SECRET), ("datacubes", CUBES, CUBE)):
            before, cpu = made, cpu_s(process)
            began = time.monotonic()
            made += await creates(http, path, body, until=began + WINDOW_S)
            rate, core = (made - before) / WINDOW_S, (cpu_s(process) - cpu) / WINDOW_S
            aim = "1,500/s a core"
            row(f"creates of {what}, {CLIENTS} clients, HTTPS", f"{rate:,.0f}/s", aim)
            row("  the same, by the server's own CPU time", f"{rate / core:,.0f}/s a core")
        made += await watched(http, process)
        while made < OBJECTS:
            made += await creates(http, SECRETS, SECRET, most=OBJECTS - made)
        await asyncio.sleep(1)
        megabytes = process.memory_info().rss / 1e6
        row(f"memory with {made:,} objects", f"{megabytes:.0f} MB", "< 120 MB")
        cpu = cpu_s(process)
        await asyncio.sleep(IDLE_S)
        row("CPU while idle", f"{100 * (cpu_s(process) - cpu) / IDLE_S:.1f} %", "< 1 %")


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time that a process has used."""
    used = process.cpu_times()
    return float(used.user + used.system)


async def creates(
    http: ClientSession, path: str, body: dict[str, Any], *, until: float = 0, most: int = 0
) -> int:
    """Create objects with several clients, until a time or up to a number; return how many."""
    made = 0

    async def client() -> None:
        nonlocal made
        while (made < most) if most else time.monotonic() < until:
            made += 1
            async with http.post(path, json=named(body)) as answer:
                answer.raise_for_status()
                await answer.read()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return made


async def watched(http: ClientSession, process: psutil.Process) -> int:
    """Create at a steady rate in front of many watchers; say how many events they get."""
    async with http.get(CUBES, params={"limit": 1}) as answer:
        since = (await answer.json())["metadata"]["resourceVersion"]
    seen = [0] * WATCHERS
    watchers = [asyncio.create_task(_count(http, since, seen, n)) for n in range(WATCHERS)]
    await asyncio.sleep(1)
    began, made, cpu = time.monotonic(), 0, cpu_s(process)
    while time.monotonic() - began < WINDOW_S:
        async with http.post(CUBES, json=named(CUBE)) as answer:
            answer.raise_for_status()
        made += 1
        await asyncio.sleep(max(0.0, began + made / WATCHED_PER_S - time.monotonic()))
    took, in_time = time.monotonic() - began, sum(seen)
    core = (cpu_s(process) - cpu) / took
    await asyncio.sleep(1)
    for watcher in watchers:
        watcher.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    row(f"creates in front of {WATCHERS} watchers, one client", f"{made / took:,.0f}/s", "400/s")
    row("  events seen meanwhile, by all together", f"{in_time / took:,.0f}/s", "40,000/s")
    row("  events seen within another second", f"{100 * sum(seen) / (made * WATCHERS):.1f} %")
    row("  CPU of the server meanwhile", f"{100 * core:.0f} %")
    return made


async def _count(http: ClientSession, since: str, seen: list[int], number: int) -> None:
    """Count events by their line ends: to parse them all would be the client's own limit."""
    query = {"watch": "true", "resourceVersion": since}
    async with http.get(CUBES, params=query) as answer:
        async for chunk in answer.content.iter_any():
            seen[number] += chunk.count(b"\n")


if __name__ == "__main__":
    main()
