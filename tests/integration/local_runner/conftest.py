from __future__ import annotations

import asyncio
import base64
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.jobs.plan import Backoff
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store
from datacube_runtime.local.runner import Runner, RunnerConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

QUICK = RunnerConfig(backoff=Backoff(base_s=0.05, cap_s=0.1), stop_grace_s=2.0, retry_s=0.1)
PATIENCE_S = 15.0
SHELL = ["sh", "-c"]
GROUPS = {"jobs": "batch"}


@dataclass
class Embedded:
    """A registry and a runner over one data directory, and what the tests ask of them."""

    data_dir: Path
    config: RunnerConfig = QUICK
    kind: type[Registry] = Registry
    window: int = 4096
    store: Store = field(init=False)
    registry: Registry = field(init=False)
    runner: Runner = field(init=False)
    task: asyncio.Task[None] = field(init=False)

    def start(self) -> None:
        self.store = Store(self.data_dir / "state.db", self.window)
        self.registry = self.kind(self.store)
        self.runner = Runner(self.registry, self.data_dir, os.defpath, self.config)
        self.task = asyncio.create_task(self.runner.run())

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        self.store.close()

    def create(self, plural: str, obj: dict[str, Any]) -> dict[str, Any]:
        return self.registry.create(self._resource(plural), "default", obj)

    def get(self, plural: str, name: str) -> dict[str, Any]:
        return self.registry.get(self._resource(plural), "default", name)

    def list(self, plural: str) -> list[dict[str, Any]]:
        return self.registry.list(self._resource(plural), "default")

    def patch(self, plural: str, name: str, patch: dict[str, Any]) -> None:
        self.registry.patch(self._resource(plural), "default", name, patch)

    def delete(self, plural: str, name: str, grace_s: int | None = None) -> None:
        resource = self._resource(plural)
        how = "Background"
        self.registry.delete(
            resource, "default", name, grace_period_seconds=grace_s, propagation=how
        )

    def _resource(self, plural: str) -> Any:
        return self.registry.resource(GROUPS.get(plural, ""), plural)

    def secret(self, name: str, **data: str) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.create("secrets", {"metadata": {"name": name}, "data": encoded})

    def claim(self, name: str) -> None:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        self.create("persistentvolumeclaims", {"metadata": {"name": name}, "spec": spec})

    def pod(self, script: str, name: str = "p", **spec: Any) -> dict[str, Any]:
        return self.create("pods", {"metadata": {"name": name}, "spec": pod_spec(script, **spec)})

    def job(
        self, script: str, name: str = "j", pod: dict[str, Any] | None = None, **spec: Any
    ) -> None:
        template = {"spec": pod_spec(script, **(pod or {}))}
        self.create("jobs", {"metadata": {"name": name}, "spec": {"template": template, **spec}})

    async def until(self, probe: Callable[[], Any]) -> Any:
        """Return what the probe returns once that is true."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := probe()):  # noqa: ASYNC110 - as a client would see it
                await asyncio.sleep(0.01)
        return found

    async def pod_in(self, *phases: str, name: str = "p") -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            pod = self.get("pods", name)
            return pod if pod["status"].get("phase") in phases else None

        found: dict[str, Any] = await self.until(probe)
        return found

    async def pod_waiting(self, reason: str, name: str = "p") -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            state = state_of(self.get("pods", name)).get("waiting") or {}
            return state if state.get("reason") == reason else None

        found: dict[str, Any] = await self.until(probe)
        return found

    async def job_with(self, condition: str, name: str = "j") -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            job = self.get("jobs", name)
            conditions = job["status"].get("conditions") or ()
            is_true = any(c["type"] == condition and c["status"] == "True" for c in conditions)
            return job if is_true else None

        found: dict[str, Any] = await self.until(probe)
        return found

    def output(self, pod: dict[str, Any]) -> str:
        meta = pod["metadata"]
        return self.runner.log_path("default", meta["name"], meta["uid"]).read_text()


def pod_spec(script: str, **spec: Any) -> dict[str, Any]:
    own = ("env", "envFrom", "args", "command", "volumeMounts", "workingDir", "image")
    own += ("terminationMessagePath", "terminationMessagePolicy")
    container = {"name": "transfer", "image": "any", "command": [*SHELL, script]}
    container |= {key: spec.pop(key) for key in own if key in spec}
    return {"restartPolicy": "Never", "containers": [container], **spec}


def state_of(pod: dict[str, Any]) -> dict[str, Any]:
    statuses = pod["status"].get("containerStatuses") or [{}]
    state: dict[str, Any] = statuses[0].get("state") or {}
    return state


@pytest.fixture
def terminated() -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda pod: state_of(pod)["terminated"]


@pytest.fixture
def alive() -> Callable[[int], bool]:
    def is_alive(pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:  # noqa: PTH123 - as short as it gets
                return stat.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return is_alive


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Embedded]:
    embedded = Embedded(tmp_path)
    embedded.start()
    yield embedded
    await embedded.stop()


@pytest.fixture
def make_cluster() -> Callable[..., Embedded]:
    return Embedded
