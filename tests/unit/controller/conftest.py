from __future__ import annotations

import asyncio
import copy
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from datacube_api.errors import DataCubeApiError
from datacube_api.status import ConditionType
from datacube_api.termination import Termination
from datacube_runtime.controller.api import (
    CUBES,
    EVENTS,
    JOBS,
    PODS,
    VOLUMES,
    ApiError,
    Resource,
    Snapshot,
    WatchEvent,
)
from datacube_runtime.controller.backoff import Backoff
from datacube_runtime.controller.job import job_name
from datacube_runtime.controller.loop import Controller
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.settings import Settings
from tests.waiting import until_soon

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from datacube_api.reasons import Reason

CREATED = "2026-11-23T12:00:00Z"
NOW = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)

Said: TypeAlias = WatchEvent | DataCubeApiError

GIT = {"type": "git", "options": [{"name": "url", "value": "https://example.org/user/repo.git"}]}


class Make:
    """Objects as the API server would return them."""

    def cube(self, name: str = "cube", **fields: Any) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "source": fields.pop("source", GIT),
            "sink": fields.pop("sink", {"type": "pvc", "pvc": {"name": "data"}}),
        }
        if executor := fields.pop("executor", None):
            spec["executor"] = executor
        return {
            "apiVersion": "tensorstack.dev/v1beta1",
            "kind": "DataCube",
            "metadata": {
                "name": name,
                "namespace": "ns",
                "uid": f"uid-{name}",
                "resourceVersion": "1",
                "creationTimestamp": CREATED,
                **fields.pop("metadata", {}),
            },
            "spec": spec,
            **fields,
        }

    def with_template(self, name: str = "cube", **metadata: Any) -> dict[str, Any]:
        template: dict[str, Any] = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}
        if metadata:
            template["metadata"] = metadata
        return self.cube(name, sink={"type": "pvc", "pvc": {"name": "data", "template": template}})

    def claim(self, **metadata: Any) -> dict[str, Any]:
        return {"metadata": {"name": "data", "namespace": "ns", "uid": "uid-data", **metadata}}

    def job(self, cube: Mapping[str, Any], ended: str = "", **status: Any) -> dict[str, Any]:
        name = cube["metadata"]["name"]
        if ended:
            status["conditions"] = [
                {"type": "FailureTarget", "status": "True"},
                {
                    "type": ended,
                    "status": "True",
                    "reason": "BackoffLimitExceeded",
                    "message": "Job has reached the specified backoff limit",
                    "lastTransitionTime": "2026-11-23T12:00:04Z",
                },
            ]
        owner = {"kind": "DataCube", "name": name, "uid": cube["metadata"]["uid"]}
        return {
            "metadata": {
                "name": job_name(name),
                "namespace": "ns",
                "uid": f"uid-{name}-job",
                "resourceVersion": "1",
                "labels": {"tensorstack.dev/datacube": name},
                "ownerReferences": [{**owner, "controller": True}],
            },
            "status": {"startTime": "2026-11-23T12:00:01Z", **status},
        }

    def pod(
        self,
        phase: str = "Pending",
        number: int = 1,
        state: Mapping[str, Any] | None = None,
        **status: Any,
    ) -> dict[str, Any]:
        if state is not None:
            status["containerStatuses"] = [
                {"name": "sidecar", "state": {"running": {}} if phase == "Running" else {}},
                {"name": "transfer", "state": state},
            ]
        return {
            "metadata": {
                "name": f"pod-{number}",
                "namespace": "ns",
                "uid": f"uid-pod-{number}",
                "resourceVersion": "1",
                "creationTimestamp": f"2026-11-23T12:00:{number:02}Z",
                "ownerReferences": [
                    {"kind": "Job", "name": "j", "uid": "uid-cube-job", "controller": True}
                ],
            },
            "spec": {},
            "status": {"phase": phase, **status},
        }

    def ended_pod(
        self, reason: Reason, message: str = "", number: int = 1, **result: Any
    ) -> dict[str, Any]:
        ok = reason == "TransferSucceeded"
        said = Termination(reason, message, result).to_json()
        end = {"exitCode": 0 if ok else 70, "reason": "Completed" if ok else "Error"}
        phase = "Succeeded" if ok else "Failed"
        return self.pod(phase, number, state={"terminated": {**end, "message": said}})

    def conditions(self, status: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        found = {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions", ())}
        assert set(found) <= set(ConditionType)
        return found


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(image="transfer:1")


@dataclass
class MemoryApi:
    """An API server of dictionaries: versions, conflicts, watches that can be cut."""

    held: dict[str, dict[Key, dict[str, Any]]] = field(default_factory=dict)
    refuse: dict[str, DataCubeApiError] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    told_of_jobs: list[dict[str, Any]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    after_read: dict[str, Callable[[], object]] = field(default_factory=dict)
    version: int = 1
    watching: dict[str, list[asyncio.Queue[Said]]] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    watches: int = 0

    def of(self, resource: Resource) -> dict[Key, dict[str, Any]]:
        return self.held.setdefault(resource.plural, {})

    def put(self, resource: Resource, obj: Mapping[str, Any]) -> dict[str, Any]:
        self.version += 1
        new = copy.deepcopy(dict(obj))
        new["metadata"]["resourceVersion"] = str(self.version)
        key = Key.of(new)
        kind = "MODIFIED" if key in self.of(resource) else "ADDED"
        self.of(resource)[key] = new
        self.tell(resource, WatchEvent(kind, new))
        return new

    def drop(self, resource: Resource, name: str) -> None:
        self.version += 1
        gone = self.of(resource).pop(Key("ns", name))
        gone["metadata"]["resourceVersion"] = str(self.version)
        self.tell(resource, WatchEvent("DELETED", gone))

    def tell(self, resource: Resource, event: Said) -> None:
        if resource.plural not in self.deaf:
            for watch in self.watching.get(resource.plural, ()):
                watch.put_nowait(event)

    async def list(
        self,
        resource: Resource,
        namespace: str | None,
        selector: str | None = None,
        fields: str = "",
        heard: Callable[[], None] = lambda: None,
    ) -> Snapshot:
        heard()
        self.listed.append(f"{resource.plural} {namespace} {fields or selector}")
        self.check(f"list {resource.plural}")
        if fields:
            return Snapshot(tuple(self.told_of_jobs), str(self.version))
        return Snapshot(tuple(self.of(resource).values()), str(self.version))

    async def watch(
        self, resource: Resource, _namespace: str | None, _since: str
    ) -> AsyncGenerator[WatchEvent, None]:
        self.check(f"watch {resource.plural}")
        self.watches += 1
        events: asyncio.Queue[Said] = asyncio.Queue()
        watches = self.watching.setdefault(resource.plural, [])
        watches.append(events)
        try:
            while True:
                event = await events.get()
                if isinstance(event, DataCubeApiError):
                    raise event
                yield event
        finally:
            watches.remove(events)

    async def read(self, resource: Resource, key: Key) -> dict[str, Any] | None:
        self.reads.append(resource.plural)
        self.check(f"read {resource.plural}")
        found = self.of(resource).get(key)
        if happens := self.after_read.get(resource.plural):
            happens()
        return found

    async def create(self, resource: Resource, manifest: Mapping[str, Any]) -> dict[str, Any]:
        self.check(f"create {resource.plural}")
        if Key.of(manifest) in self.of(resource):
            raise ApiError(409, "AlreadyExists", "is there already")
        (self.events if resource is EVENTS else self.written).append(f"create {resource.plural}")
        made = copy.deepcopy(dict(manifest))
        made["metadata"]["uid"] = f"uid-{made['metadata']['name']}"
        return self.put(resource, made)

    async def patch(
        self, resource: Resource, obj: Mapping[str, Any], changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        self.written.append(f"patch {resource.plural}")
        held = self._as_read(resource, obj)
        return self.put(resource, {**held, **changes, "metadata": held["metadata"]})

    async def replace(self, resource: Resource, obj: Mapping[str, Any]) -> dict[str, Any]:
        self.written.append(f"replace {resource.plural}")
        self._as_read(resource, obj)
        return self.put(resource, obj)

    async def delete(self, resource: Resource, obj: Mapping[str, Any]) -> None:
        self.written.append(f"delete {resource.plural}")
        self.check(f"delete {resource.plural}")
        self._as_read(resource, obj)
        self.drop(resource, obj["metadata"]["name"])

    def _as_read(self, resource: Resource, obj: Mapping[str, Any]) -> dict[str, Any]:
        held = self.of(resource)[Key.of(obj)]
        if held["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        return held

    async def patch_status(
        self, cube: Mapping[str, Any], status: Mapping[str, Any]
    ) -> dict[str, Any]:
        held = self.of(CUBES)[Key.of(cube)]
        if held["metadata"]["resourceVersion"] != cube["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        self.written.append(f"patch {status.get('phase')}")
        return self.put(CUBES, {**held, "status": dict(status)})

    def check(self, what: str) -> None:
        if error := self.refuse.get(what):
            raise error

    def status(self, name: str = "cube") -> dict[str, Any]:
        found: dict[str, Any] = self.of(CUBES)[Key("ns", name)].get("status") or {}
        return found

    def job(self, name: str = "cube-batchjob") -> dict[str, Any] | None:
        return self.of(JOBS).get(Key("ns", name))

    def run_pod(self, pod: Mapping[str, Any]) -> None:
        job = self.job()
        assert job is not None
        pod["metadata"]["ownerReferences"][0]["uid"] = job["metadata"]["uid"]
        self.put(PODS, pod)

    def end_job(self, kind: str, **counts: int) -> None:
        job = self.job()
        assert job is not None
        self.put(
            JOBS, {**job, "status": {"conditions": [{"type": kind, "status": "True"}], **counts}}
        )

    def add_claim(self) -> None:
        self.put(VOLUMES, Make().claim())


@pytest.fixture
def api() -> MemoryApi:
    return MemoryApi()


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return partial(until_soon, timeout_s=2)


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture(scope="session")
def end() -> Callable[..., Any]:
    return _end


@pytest.fixture
def running(api: MemoryApi) -> Callable[..., AbstractAsyncContextManager[None]]:
    """Run a controller of these settings, one that tries again at once, while entered."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[None]:
        backoff = Backoff(first_s=0.001, longest_s=0.01)
        task = asyncio.ensure_future(Controller(api, Settings(**settings), backoff).run())
        yield
        await _end(task)

    return run
