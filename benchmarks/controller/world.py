"""
The embedded API server with a stand-in for Job controller and kubelet, for benchmarks.

It lives in the process that measures, so that only the controller under test is another one. The
stand-in writes what the real ones write of a short Job, directly into the store: what a controller
asks over HTTP is counted, and nothing else is.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from datacube_api.conditions import timestamp
from datacube_api.crd import crd
from datacube_api.models import DataCube
from datacube_api.status import evaluate
from datacube_runtime.controller.job import job_manifest
from datacube_runtime.controller.settings import Settings
from datacube_runtime.local import access
from datacube_runtime.local.apiserver import server
from datacube_runtime.local.embedded import install
from datacube_runtime.local.files import write_private
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

NAMESPACE = "default"
_STEP_S = (0.1, 0.5)  # from one state of a pod to the next
_SAID = json.dumps({"reason": "TransferSucceeded", "message": "moved", "result": {"bytes": 4096}})
_CLAIM = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
_SPEC = {
    "source": {
        "type": "git",
        "options": [
            {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
            {"name": "url", "value": "https://$(TOKEN)@example.org/a/repo.git"},
        ],
    },
    "sink": {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}},
}
_ENDED = {"terminated": {"exitCode": 0, "reason": "Completed", "message": _SAID}}


class World:
    """A cluster whose transfers take a second and move nothing."""

    def __init__(self, registry: Registry, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.requests: Counter[tuple[str, str]] = Counter()
        self.finished = 0
        self.to_job_s: dict[str, float] = {}
        self._registry = registry
        self._created: dict[str, float] = {}
        self._random = random.Random(7)  # noqa: S311 - the same pauses for everybody
        self._jobs, self._pods, self._cubes = (
            registry.resource(group, plural)
            for group, plural in (("batch", "jobs"), ("", "pods"), ("tensorstack.dev", "datacubes"))
        )
        claim = {"metadata": {"name": "data"}, "spec": _CLAIM}
        claims = registry.resource("", "persistentvolumeclaims")
        registry.create(
            claims, NAMESPACE, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"} | claim
        )

    def create(self, name: str) -> None:
        """Make a DataCube."""
        cube = {
            "apiVersion": "tensorstack.dev/v1beta1",
            "kind": "DataCube",
            "metadata": {"name": name},
            "spec": _SPEC,
        }
        self._created[name] = time.monotonic()
        self._registry.create(self._cubes, NAMESPACE, cube)

    async def create_all(self, prefix: str, number: int) -> None:
        """Make many at once; the server answers in between."""
        for index in range(number):
            self.create(f"{prefix}-{index}")
            if index % 20 == 0:
                await asyncio.sleep(0)

    async def until_finished(self, number: int) -> None:
        """Return when so many have ended since the beginning."""
        while self.finished < number:  # noqa: ASYNC110 - a benchmark's patience
            await asyncio.sleep(0.05)

    @web.middleware
    async def count(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[Any]]
    ) -> Any:
        """Count a request; see to the Job that was made, note the DataCube that has ended."""
        parts = request.path.strip("/").split("/")
        plural = next((p for p in reversed(parts) if p in _PLURALS), parts[-1])
        verb = "WATCH" if "watch" in request.query else request.method
        self.requests[verb, plural] += 1  # before it is answered: a refusal counts as well
        answer = await handler(request)
        if answer.status == web.HTTPCreated.status_code and plural == "jobs":
            self._run(json.loads(answer.body))
        if request.method == "PATCH" and plural == "datacubes" and parts[-1] == "status":
            self.finished += evaluate(json.loads(answer.body).get("status")).phase.is_terminal
        return answer

    def add_finished(self, name: str) -> None:
        """Make a DataCube that has ended, with its Job and its pod, as if it had been run."""
        self.create(name)
        cube = self._registry.get(self._cubes, NAMESPACE, name)
        spec = DataCube.from_manifest(cube).spec
        made = self._registry.create(self._jobs, NAMESPACE, job_manifest(cube, spec, Settings()))
        for step in self._steps(made):
            if step is not None:
                step()
        now = timestamp(datetime.now(UTC))
        ends = (("Initialized", "True"), ("Complete", "True"), ("Failed", "False"))
        conditions = [{"type": t, "status": s, "lastTransitionTime": now} for t, s in ends]
        status = {"phase": "Complete", "conditions": conditions, "completionTime": now}
        self._write(self._cubes, name, {**status, "attempts": 1, "startTime": now})
        self.finished += 1

    def _run(self, job: dict[str, Any]) -> None:
        owner = job["metadata"]["ownerReferences"][0]["name"]
        self.to_job_s[owner] = time.monotonic() - self._created[owner]
        self._go_on(iter(self._steps(job)))

    def _go_on(self, steps: Iterator[Callable[[], object] | None]) -> None:
        """Take the steps one after the other, with a pause at each None."""
        for step in steps:
            if step is None:
                pause_s = self._random.uniform(*_STEP_S)
                asyncio.get_running_loop().call_later(pause_s, self._go_on, steps)
                return
            step()

    def _steps(self, job: dict[str, Any]) -> list[Callable[[], object] | None]:
        template, name = job["spec"]["template"], job["metadata"]["name"]
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "controller": True}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-x7k2p",
                "labels": template["metadata"]["labels"],
                "annotations": template["metadata"].get("annotations", {}),
                "ownerReferences": [{**reference, "uid": job["metadata"]["uid"]}],
            },
            "spec": template["spec"],
        }
        now = timestamp(datetime.now(UTC))
        job_runs = {"active": 1, "startTime": now}
        done = [
            {"type": kind, "status": "True", "lastTransitionTime": now}
            for kind in ("SuccessCriteriaMet", "Complete")
        ]
        ended = {"succeeded": 1, "active": 0, "startTime": now, "completionTime": now}
        return [
            lambda: self._registry.create(self._pods, NAMESPACE, pod),
            lambda: self._write(self._jobs, name, job_runs),
            None,
            lambda: self._pod_says(pod, "Pending", {"waiting": {"reason": "ContainerCreating"}}),
            None,
            lambda: self._pod_says(pod, "Running", {"running": {"startedAt": now}}),
            None,
            lambda: self._pod_says(pod, "Succeeded", _ENDED),
            lambda: self._write(self._jobs, name, {**ended, "conditions": done}),
        ]

    def _pod_says(self, pod: dict[str, Any], phase: str, state: dict[str, Any]) -> None:
        status = {"phase": phase, "containerStatuses": [{"name": "transfer", "state": state}]}
        self._write(self._pods, pod["metadata"]["name"], status)

    def _write(self, resource: Any, name: str, status: dict[str, Any]) -> None:
        self._registry.patch(resource, NAMESPACE, name, {"status": status}, subresource="status")


_PLURALS = ("jobs", "pods", "datacubes", "persistentvolumeclaims", "events", "leases")


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[World]:
    """Yield a world that answers over HTTPS on 127.0.0.1."""
    pem, token = access.certificate(directory), access.token(directory)
    store = Store(directory / "state.db")
    registry = Registry(store)
    install(registry, crd())
    world = World(registry, directory / "kubeconfig")
    app = server.application(registry, token, lambda *_: Path(os.devnull))
    app.middlewares.append(world.count)
    runner, port = await server.serve(app, 0, access.server_context(pem))
    write_private(world.kubeconfig, access.kubeconfig(port, pem.read_bytes(), token))
    yield world
    await runner.cleanup()
    store.close()
