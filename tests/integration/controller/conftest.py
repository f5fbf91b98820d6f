from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from datacube_api.crd import crd
from datacube_api.status import Outcome, evaluate
from datacube_api.termination import Termination
from datacube_runtime.controller.backoff import Backoff
from datacube_runtime.controller.cluster import Cluster, connected
from datacube_runtime.controller.loop import Controller
from datacube_runtime.controller.settings import Settings
from datacube_runtime.local import access
from datacube_runtime.local.apiserver import server
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store
from tests.waiting import until_soon

if TYPE_CHECKING:
    import signal
    import ssl
    from collections.abc import AsyncIterator, Callable

    from datacube_api.reasons import Reason

NS = "default"
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


class World:
    """The embedded API server, and a hand that plays the part of Job controller and kubelet."""

    def __init__(self, directory: Path, window: int) -> None:
        self.kubeconfig = directory / "kubeconfig"
        self._pem = access.certificate(directory)
        self._store = Store(directory / "state.sqlite", window)
        self.registry = Registry(self._store)
        self.registry.create(self.resource("customresourcedefinitions"), None, crd())
        self._token = access.token(directory)
        self._port = 0
        self._runner: web.AppRunner | None = None
        self.refusing: dict[tuple[str, str], dict[str, Any]] = {}
        """What (method, plural) is answered instead, as admission does: a metav1.Status."""

    async def start(self) -> None:
        app = server.application(self.registry, self._token, lambda *_: Path(os.devnull))
        app.middlewares.append(self._admit)
        context: ssl.SSLContext = access.server_context(self._pem)
        self._runner, self._port = await server.serve(app, self._port, context)
        config = access.kubeconfig(self._port, self._pem.read_bytes(), self._token)
        access.write_private(self.kubeconfig, config)

    @web.middleware
    async def _admit(self, request: web.Request, handler: Any) -> Any:
        refusal = self.refusing.get((request.method, request.path.rpartition("/")[2]))
        if refusal is None:
            return await handler(request)
        return web.json_response(refusal, status=refusal["code"])

    def refuse(self, method: str, plural: str, code: int, reason: str, message: str) -> None:
        """Let nobody do this any more."""
        status = {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason}
        self.refusing[method, plural] = {**status, "message": message}

    def warn_of_job(self, reason: str, message: str) -> None:
        """Tell an Event of the Job, as the Job controller does."""
        job = self.job()
        assert job is not None
        meta = job["metadata"]
        about = {"kind": "Job", "namespace": NS, "name": meta["name"], "uid": meta["uid"]}
        told = {"reason": reason, "message": message, "type": "Warning", "involvedObject": about}
        event = {"metadata": {"generateName": "e-"}, "apiVersion": "v1", "kind": "Event", **told}
        self.registry.create(self.resource("events"), NS, event)

    def change_token(self) -> None:
        """Let nobody in who has the old token; takes effect with the next start."""
        self._token = secrets.token_hex(8)

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def close(self) -> None:
        self._store.close()

    def resource(self, plural: str) -> Any:
        groups = {
            "jobs": "batch",
            "datacubes": "tensorstack.dev",
            "customresourcedefinitions": "apiextensions.k8s.io",
        }
        return self.registry.resource(groups.get(plural, ""), plural)

    def apply(self, name: str = "cube", **spec: Any) -> dict[str, Any]:
        git = {"type": "git", "options": [{"name": "url", "value": "https://example.org/r.git"}]}
        sink = {"type": "pvc", "pvc": {"name": "data", "template": CLAIM}}
        cube = {
            "apiVersion": "tensorstack.dev/v1beta1",
            "kind": "DataCube",
            "metadata": {"name": name},
            "spec": {"source": git, "sink": sink, **spec},
        }
        return self.registry.create(self.resource("datacubes"), NS, cube)

    def find(self, plural: str, name: str) -> dict[str, Any] | None:
        found = self.registry.list(self.resource(plural), NS)
        return next((obj for obj in found if obj["metadata"]["name"] == name), None)

    def job(self, name: str = "cube-batchjob") -> dict[str, Any] | None:
        return self.find("jobs", name)

    def status(self, name: str = "cube") -> dict[str, Any]:
        cube = self.find("datacubes", name)
        assert cube is not None
        status: dict[str, Any] = cube.get("status") or {}
        return status

    def outcome(self, name: str = "cube") -> Outcome:
        return evaluate(self.status(name))

    def jobs_made(self) -> int:
        changes = self.registry.changes(self.resource("jobs"), NS, 0)
        return sum(change.kind == "ADDED" for change in changes)

    def make_pod(self, number: int = 1) -> None:
        job = self.job()
        assert job is not None
        template = job["spec"]["template"]
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"]}
        uid = job["metadata"]["uid"]
        metadata = {
            "name": f"pod-{number}",
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{**owner, "uid": uid, "controller": True}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        self.registry.create(self.resource("pods"), NS, pod)

    def pod_says(self, phase: str, state: Any, number: int = 1) -> None:
        status = {"phase": phase, "containerStatuses": [{"name": "transfer", "state": state}]}
        self._write("pods", f"pod-{number}", status)

    def pod_runs(self, number: int = 1) -> None:
        self.pod_says("Running", {"running": {}}, number)

    def pod_ends(self, reason: Reason, message: str, number: int = 1, **result: Any) -> None:
        said = Termination(reason, message, result).to_json()
        code = 0 if reason == "TransferSucceeded" else 70
        end = {"terminated": {"exitCode": code, "message": said, "reason": "Completed"}}
        self.pod_says("Succeeded" if code == 0 else "Failed", end, number)

    def job_says(self, ended: str = "", **counts: int) -> None:
        status: dict[str, Any] = dict(counts)
        if ended:
            status["conditions"] = [{"type": ended, "status": "True"}]
        self._write("jobs", "cube-batchjob", status)

    def _write(self, plural: str, name: str, status: Any) -> None:
        patch = {"status": status}
        self.registry.patch(self.resource(plural), NS, name, patch, subresource="status")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path, window=64)
    await world.start()
    yield world
    await world.stop()
    world.close()


@pytest.fixture
async def cluster(world: World) -> AsyncIterator[Cluster]:
    async with connected(str(world.kubeconfig)) as cluster:
        yield cluster


@pytest.fixture
async def running(cluster: Cluster) -> AsyncIterator[None]:
    """The controller in this process, over HTTP."""
    backoff = Backoff(first_s=0.01, longest_s=0.1)
    task = asyncio.ensure_future(Controller(cluster, Settings(namespaces=(NS,)), backoff).run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class Process:
    """The controller as the process that it really is."""

    def __init__(self, kubeconfig: Path, log: Path, *arguments: str) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "datacube_runtime.controller"),
                    *("--kubeconfig", str(kubeconfig), "--log-level", "DEBUG"),
                    *(arguments or ("--listen", "off")),
                ],
                stdout=output,
                stderr=output,
                env={"PATH": os.defpath},
                cwd=Path(__file__).parents[3],
            )

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        return await self.wait()

    async def wait(self) -> int:
        """Return its exit code; the API server, which it may need to end, goes on meanwhile."""
        return await asyncio.to_thread(self._process.wait, 20)

    def address(self) -> str:
        """Return where it serves; empty until it does."""
        lines = [line for line in self.log().splitlines() if "serving probes" in line]
        return json.loads(lines[-1])["event"].rpartition(" ")[2] if lines else ""

    def kill_if_running(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def start(world: World, tmp_path: Path) -> Any:
    """Return what starts a controller process; all of them are ended with the test."""
    with contextlib.ExitStack() as stack:

        def started(*arguments: str, log: str = "controller.log") -> Process:
            process = Process(world.kubeconfig, tmp_path / log, *arguments)
            stack.callback(process.kill_if_running)
            return process

        yield started


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Return what waits for a condition, and fails when it does not come."""
    return until_soon


@asynccontextmanager
async def _stopped(world: World) -> AsyncIterator[None]:
    await world.stop()
    yield
    await world.start()


@pytest.fixture
def server_stopped(world: World) -> Any:
    """Return what keeps the API server down for a while."""
    return lambda: _stopped(world)
