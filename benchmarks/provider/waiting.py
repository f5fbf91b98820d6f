"""
What waiting costs in the triggerer: N deferred tasks, ours beside the cncf provider's.

A server of its own, in a process of its own, holds N running DataCubes behind plain HTTP on
127.0.0.1. The triggerer's side is another process: one event loop with N triggers, ours or the cncf
provider's for pods that run as long, which asks every two seconds unless told otherwise. First each
DataCube changes twice a minute (CPU, requests), then 100 a second end (latency from the status
write to the TriggerEvent). Arguments: the numbers of tasks; ``--logs N`` where the pods' logs are
shown too, as the operator does unless told otherwise; ``--cncf N`` for the other kind.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import yaml
from aiohttp import ClientSession, web

if TYPE_CHECKING:
    from collections.abc import Coroutine

QUIET_S, PER_S, ENDINGS_S = 20.0, 100, 5
DONE = {"conditions": [{"type": "Complete", "status": "True", "reason": "Done"}]}
SPEC = {
    "source": {"type": "git", "options": [{"name": "url", "value": "https://git.example.org/a"}]},
    "sink": {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}},
}


class Cost(NamedTuple):
    """One row of the table."""

    requests_a_minute: float
    cpu_percent: float
    kb_each: float
    p50_ms: float
    p99_ms: float
    ended: int


def main() -> None:
    """Measure each number of tasks in fresh processes, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("tasks", nargs="*", type=int, default=[100, 1000, 5000, 10000])
    parser.add_argument("--logs", nargs="*", type=int, default=[100, 1000, 10000])
    parser.add_argument("--cncf", nargs="*", type=int, default=[100, 1000])
    parser.add_argument("--side", choices=["server", "datacube", "logs", "cncf"])
    args = parser.parse_args()
    if args.side == "server":
        asyncio.run(serve(args.tasks[0]))
    elif args.side:
        print(json.dumps(asyncio.run(wait(args.side, args.tasks[0]))))
    else:
        kinds = {"datacube": args.tasks, "logs": args.logs, "cncf": args.cncf}
        rows = [(kind, count) for kind, counts in kinds.items() for count in counts]
        print(
            f"{'':10}{'tasks':>7}{'req/min':>9}{'CPU %':>7}{'KB each':>9}   p50 ms   p99 ms  events"
        )
        for kind, count in rows:
            cost = measure(kind, count)
            print(
                f"{kind:10}{count:7}{cost.requests_a_minute:9.0f}{cost.cpu_percent:7.2f}"
                f"{cost.kb_each:9.1f}{cost.p50_ms:9.1f}{cost.p99_ms:9.1f}{cost.ended:8}",
                flush=True,
            )


def measure(kind: str, count: int) -> Cost:
    """Run a server and a triggerer's side against it."""
    me = [sys.executable, __file__, str(count), "--side"]
    server = subprocess.Popen([*me, "server"], stdout=subprocess.PIPE, text=True)
    url = (server.stdout or sys.stdin).readline().strip()
    try:
        with tempfile.TemporaryDirectory() as home:
            extra = {"kube_config_path": write_kubeconfig(Path(home), url)}
            env = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "AIRFLOW_HOME": home,
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
                "AIRFLOW_CONN_K8S": json.dumps({"conn_type": "kubernetes", "extra": extra}),
                "SERVER": url,
            }
            run = subprocess.run([*me, kind], env=env, stdout=subprocess.PIPE, check=True)
    finally:
        server.terminate()
        server.communicate()
    return Cost(*json.loads(run.stdout.splitlines()[-1]))


def write_kubeconfig(home: Path, url: str) -> str:
    """Write a kubeconfig for the server; return its path."""
    config = {
        "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": url}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
    }
    path = home / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


class Server:
    """N DataCubes, lists and one kind of watch, and a count of requests."""

    def __init__(self, count: int) -> None:
        self.cubes = {f"x-{n}": cube(f"x-{n}") for n in range(count)}
        self.version, self.requests = 1, 0
        self.streams: set[web.StreamResponse] = set()

    async def item(self, request: web.Request) -> web.Response:
        """Answer a get of a DataCube."""
        self.requests += 1
        return web.json_response(self.cubes[request.match_info["name"]])

    async def pod(self, request: web.Request) -> web.Response:
        """Answer with a pod that runs until its DataCube has ended."""
        self.requests += 1
        name = request.match_info["pod"]
        is_done = self.cubes[name]["status"] is DONE
        state = {"terminated": {"exitCode": 0}} if is_done else {"running": {}}
        container = {"name": "base", "image": "x", "imageID": "x", "ready": True, "state": state}
        status = {
            "phase": "Succeeded" if is_done else "Running",
            "containerStatuses": [{**container, "restartCount": 0}],
        }
        spec = {"containers": [{"name": "base", "image": "x"}]}
        metadata = self.cubes[name]["metadata"]
        return web.json_response({"metadata": metadata, "spec": spec, "status": status})

    async def log(self, _: web.Request) -> web.Response:
        """Answer with a line of a pod's log."""
        self.requests += 1
        return web.Response(text="2026-11-26T12:00:00.000000001Z 1.0 GiB of 2.0 GiB (50 %)\n")

    async def collection(self, request: web.Request) -> web.StreamResponse:
        """Answer a list or a watch."""
        self.requests += 1
        if "watch" in request.query:
            return await self.watch(request)
        begin, limit = int(request.query.get("continue", 0)), int(request.query["limit"])
        names = list(self.cubes)
        left = str(begin + limit) if begin + limit < len(names) else ""
        metadata = {"resourceVersion": str(self.version), "continue": left}
        items = [self.cubes[name] for name in names[begin : begin + limit]]
        return web.json_response({"metadata": metadata, "items": items})

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Keep a stream open until its client leaves."""
        response = web.StreamResponse()
        await response.prepare(request)
        self.streams.add(response)
        try:
            await asyncio.Event().wait()
        finally:
            self.streams.discard(response)
        return response

    async def finish(self, request: web.Request) -> web.Response:
        """Write a status, as a controller does."""
        name = request.match_info["name"]
        self.cubes[name]["status"] = DONE
        await self.tell(name)
        return web.Response()

    async def tell(self, name: str) -> None:
        """Tell all watches of a change."""
        self.version += 1
        self.cubes[name]["metadata"]["resourceVersion"] = str(self.version)
        line = json.dumps({"type": "MODIFIED", "object": self.cubes[name]}).encode() + b"\n"
        for stream in tuple(self.streams):
            with suppress(ConnectionError):  # its client has left
                await stream.write(line)

    async def churn(self) -> None:
        """Change every DataCube twice a minute, as progress does."""
        for name in itertools.cycle(list(self.cubes)):
            await asyncio.sleep(30 / len(self.cubes))
            await self.tell(name)

    async def count(self, _: web.Request) -> web.Response:
        """Tell how many requests there were."""
        return web.json_response(self.requests)


def cube(name: str) -> dict[str, Any]:
    """Return a running DataCube of the size that real ones have."""
    note = {"note": "x" * 1000}
    meta = {"namespace": "default", "name": name, "uid": name, "resourceVersion": "1"}
    pod = {"reference": {"name": f"{name}-pod"}, "status": "Running"}
    running = {"conditions": [{"type": "Initialized", "status": "True"}], "pod": pod}
    return {"metadata": {**meta, "annotations": note}, "spec": SPEC, "status": running}


async def serve(count: int) -> None:
    """Serve until terminated."""
    server = Server(count)
    app = web.Application()
    cubes = "/apis/{group}/{version}/namespaces/{namespace}/datacubes"
    app.router.add_get(cubes, server.collection)
    app.router.add_get(cubes + "/{name}", server.item)
    app.router.add_get("/api/v1/namespaces/{namespace}/pods/{pod}", server.pod)
    app.router.add_get("/api/v1/namespaces/{namespace}/pods/{pod}/log", server.log)
    app.router.add_post("/finish/{name}", server.finish)
    app.router.add_get("/count", server.count)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await server.churn()


async def wait(kind: str, count: int) -> Cost:
    """Start the triggers, measure a quiet time, then let some DataCubes end."""
    names = [f"x-{number}" for number in range(count)]
    ended: dict[str, float] = {}
    logged = partial(datacube_trigger, logging_interval=30.0)
    start = {"datacube": datacube_trigger, "logs": logged, "cncf": cncf_trigger}[kind]
    await prepare()
    async with ClientSession(os.environ["SERVER"]) as control:
        memory = psutil.Process().memory_info().rss
        tasks = [asyncio.create_task(noting(name, start(name), ended)) for name in names]
        await asyncio.sleep(5 + count / 500)
        kb_each = (psutil.Process().memory_info().rss - memory) / 1024 / count
        before, cpu = await requests(control), time.process_time()
        await asyncio.sleep(QUIET_S)
        used = time.process_time() - cpu
        asked = await requests(control) - before
        latencies = await endings(control, names, ended)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    centiles = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    return Cost(
        asked * 60 / QUIET_S,
        100 * used / QUIET_S,
        kb_each,
        centiles[49],
        centiles[98],
        len(latencies),
    )


async def prepare() -> None:
    """Import and connect once, so that what follows is not charged for it."""
    from airflow_provider_datacube._connecting import connect  # noqa: PLC0415 - not in the server

    async with connect("k8s") as cubes:
        await cubes.page("default", limit=1)


async def noting(name: str, waiting: Coroutine[Any, Any, None], ended: dict[str, float]) -> None:
    """Note when a wait ended."""
    await waiting
    ended[name] = time.monotonic()


async def datacube_trigger(name: str, logging_interval: float = 0.0) -> None:
    """Wait as ours does, until the TriggerEvent."""
    from airflow_provider_datacube.triggers.datacube import (  # noqa: PLC0415 - not in the server
        DataCubeTrigger,
    )

    trigger = DataCubeTrigger(
        namespace="default",
        name=name,
        uid=name,
        kubernetes_conn_id="k8s",
        logging_interval=logging_interval,
    )
    async for _ in trigger.run():
        return


async def cncf_trigger(name: str) -> None:
    """Wait as the cncf provider's own trigger does, for a pod that runs as long."""
    from airflow.providers.cncf.kubernetes.triggers.pod import (  # noqa: PLC0415 - not in the server
        KubernetesPodTrigger,
    )

    trigger = KubernetesPodTrigger(
        pod_name=name,
        pod_namespace="default",
        trigger_start_time=datetime.now(UTC),
        base_container_name="base",
        kubernetes_conn_id="k8s",
        log_events_on_startup=False,  # it would watch each pod's besides
    )
    async for _ in trigger.run():
        return


async def endings(control: ClientSession, names: list[str], ended: dict[str, float]) -> list[float]:
    """Let DataCubes end, so many a second; return the milliseconds until each was seen."""
    some = names[: PER_S * ENDINGS_S]
    written: dict[str, float] = {}
    began = time.monotonic()
    for number, name in enumerate(some):
        await asyncio.sleep(max(0.0, began + number / PER_S - time.monotonic()))
        written[name] = time.monotonic()
        async with control.post(f"/finish/{name}"):
            pass
    for _ in range(200):
        if written.keys() <= ended.keys():
            break
        await asyncio.sleep(0.1)
    return [1000 * (ended[name] - written[name]) for name in some if name in ended]


async def requests(control: ClientSession) -> int:
    """Return how many requests the server had."""
    async with control.get("/count") as answer:
        return int(await answer.text())


if __name__ == "__main__":
    main()
