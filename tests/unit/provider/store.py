"""A cluster's DataCubes in a dict: the verbs of the real clients, and faults on demand."""

from __future__ import annotations

import asyncio
import copy
import re
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._events import Ending
from airflow_provider_datacube._facts import Facts
from airflow_provider_datacube._refusals import SECRETS, Request, refused
from airflow_provider_datacube._watching import Limit, wait_until_terminal
from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from airflow_provider_datacube._shared_watch import SharedWatches
    from airflow_provider_datacube._watching import Pace

Cube = dict[str, Any]
NAMESPACES = ("default", "ml")


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> Cube:
    return {"type": kind, "status": status, "reason": reason, "message": message}


COMPLETE = {"conditions": [condition("Initialized"), condition("Complete", reason="Done")]}


class Quiet:
    """A logger that remembers its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, msg: str, /, *args: Any) -> None:
        self.lines.append(msg % args)

    warning = info


class Store:
    """One cluster; blocking verbs, as the hook has them."""

    namespace = "default"

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Cube] = {}
        self.asked: list[str] = []
        self.faults: dict[str, deque[Exception]] = defaultdict(deque)
        self.connected = 0
        self.log = Quiet()
        self.around = Facts()  # what a look around finds
        self.logs: dict[str, list[tuple[str, str]]] = defaultdict(list)  # of a pod: time, line
        self.log_asked: list[tuple[str, str, str]] = []
        self.history: list[tuple[int, str, Cube]] = []
        self.lag_s = 0.0  # how long after a read a watch shows the same
        self._changed = asyncio.Event()
        self._was_asked = asyncio.Event()

    async def until_asked(self, verb: str, times: int = 1) -> None:
        """Wait until a verb was asked for so often."""
        async with asyncio.timeout(2):
            while self.asked.count(verb) < times:
                self._was_asked.clear()
                await self._was_asked.wait()

    def refuse(self, verb: str, *errors: Exception) -> None:
        """Answer the next requests of a verb with these errors."""
        self.faults[verb].extend(errors)

    def create(self, manifest: Mapping[str, Any]) -> Cube:
        cube = copy.deepcopy(dict(manifest))
        meta = cube["metadata"]
        key = (meta["namespace"], meta["name"])
        self._answer("create")
        if key[0] not in NAMESPACES:
            raise refused(Request("create", *key, "x"), 404, '{"details": {"kind": "namespaces"}}')
        if key in self.held:
            raise refused(Request("create", key[0], "x", key[1]), 409, '{"reason":"AlreadyExists"}')
        meta["uid"] = f"uid-{self.version + 1}"
        self.held[key] = cube
        self._record("ADDED", cube)
        return copy.deepcopy(cube)

    def read(self, ref: CubeRef) -> Cube:
        self._answer("get")
        return copy.deepcopy(self._find("get", ref))

    def list(self, namespace: str, *, label_selector: str = "") -> list[Cube]:
        self._answer("list")
        wanted = dict(part.split("=") for part in filter(None, label_selector.split(",")))
        return [
            copy.deepcopy(cube)
            for (where, _), cube in self.held.items()
            if where == namespace
            and wanted.items() <= (cube["metadata"].get("labels") or {}).items()
        ]

    def patch(self, ref: CubeRef, changes: Mapping[str, Any]) -> Cube:
        self._answer("patch")
        cube = self._find("patch", ref)
        for field, value in changes["metadata"].items():
            if isinstance(value, dict):
                cube["metadata"].setdefault(field, {}).update(value)
            elif cube["metadata"][field] != value:
                raise refused(Request("patch", ref.namespace, "x", ref.name), 409, "{}")
        self._record("MODIFIED", cube)
        return copy.deepcopy(cube)

    def delete(self, ref: CubeRef, *, foreground: bool = False, version: str = "") -> bool:
        self._answer("delete in the foreground" if foreground else "delete")
        cube = self.held.get((ref.namespace, ref.name))
        if cube is None or not ref.is_identity_of(cube):
            return False
        if version not in ("", cube["metadata"]["resourceVersion"]):
            return False
        self._record("DELETED", self.held.pop((ref.namespace, ref.name)))
        return True

    def wait(
        self,
        ref: CubeRef,
        *,
        pace: Pace,
        limit: Limit,
        known: Cube | None = None,
        logging_interval: float = 0,
    ) -> Ending:
        wait = wait_until_terminal(
            self.connect,
            ref,
            pace=pace,
            limit=limit,
            log=self.log,
            known=known,
            logging_interval_s=logging_interval,
        )
        return Ending.of(asyncio.run(wait))

    def facts(self, ref: CubeRef, *, pod: str = "") -> Facts:  # noqa: ARG002 - the hook's signature
        self._answer("facts")
        return self.around

    def set_status(self, ref: CubeRef, status: Mapping[str, Any]) -> None:
        """Write a status as a controller does."""
        cube = self._find("update", ref)
        cube["status"] = copy.deepcopy(dict(status))
        self._record("MODIFIED", cube)

    @property
    def version(self) -> int:
        return len(self.history)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncStore]:
        self.connected += 1
        self._answer("connect")
        yield AsyncStore(self)

    def _answer(self, verb: str) -> None:
        self.asked.append(verb)
        self._was_asked.set()
        if self.faults[verb]:
            raise self.faults[verb].popleft()

    def _find(self, verb: str, ref: CubeRef) -> Cube:
        if (cube := self.held.get((ref.namespace, ref.name))) is None:
            request = Request(verb, ref.namespace, "x", ref.name)
            raise refused(request, 404, '{"details": {"kind": "datacubes"}}')
        return cube

    def _record(self, kind: str, cube: Cube) -> None:
        cube["metadata"]["resourceVersion"] = str(self.version + 1)
        self.history.append((self.version + 1, kind, copy.deepcopy(cube)))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class SecretStore:
    """The Secrets of a cluster in a dict: the verbs of the real client, and faults on demand."""

    namespace = "default"

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Cube] = {}
        self.asked: list[str] = []
        self.faults: dict[str, deque[Exception]] = defaultdict(deque)
        self._made = 0

    def refuse(self, verb: str, *errors: Exception) -> None:
        """Answer the next requests of a verb with these errors."""
        self.faults[verb].extend(errors)

    def create(self, manifest: Mapping[str, Any]) -> None:
        key = self._asked("create", manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        if key in self.held:
            raise refused(self._request("create", *key), 409, '{"reason": "AlreadyExists"}')
        self._made += 1
        self.held[key] = copy.deepcopy(dict(manifest))
        self.held[key]["metadata"]["uid"] = f"secret-{self._made}"

    def read(self, namespace: str, name: str) -> Cube:
        return copy.deepcopy(self._find("get", namespace, name))

    def replace(self, manifest: Mapping[str, Any]) -> None:
        meta = manifest["metadata"]
        uid = self._find("update", meta["namespace"], meta["name"])["metadata"]["uid"]
        new = copy.deepcopy(dict(manifest))
        new["metadata"]["uid"] = uid
        self.held[meta["namespace"], meta["name"]] = new

    def delete(self, namespace: str, name: str, uid: str = "") -> None:
        held = self.held.get(self._asked("delete", namespace, name))
        if held is not None and uid in ("", held["metadata"]["uid"]):
            del self.held[namespace, name]

    def _find(self, verb: str, namespace: str, name: str) -> Cube:
        key = self._asked(verb, namespace, name)
        if key not in self.held:
            raise refused(self._request(verb, *key), 404, '{"details": {"kind": "secrets"}}')
        return self.held[key]

    def _asked(self, verb: str, namespace: str, name: str) -> tuple[str, str]:
        self.asked.append(verb)
        if self.faults[verb]:
            raise self.faults[verb].popleft()
        return namespace, name

    def _request(self, verb: str, namespace: str, name: str) -> Request:
        return Request(verb, namespace, "x", name, SECRETS)


class AsyncStore:
    """The same cluster, for an event loop."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def read(self, ref: CubeRef) -> Cube:
        return self.store.read(ref)

    async def page(
        self, namespace: str, *, limit: int, more: str = "", label_selector: str = ""
    ) -> dict[str, Any]:
        cubes = self.store.list(namespace, label_selector=label_selector)
        begin = int(more or 0)
        left = str(begin + limit) if begin + limit < len(cubes) else ""
        metadata = {"resourceVersion": str(self.store.version), "continue": left}
        return {"metadata": metadata, "items": cubes[begin : begin + limit]}

    async def delete(self, ref: CubeRef, *, version: str = "") -> bool:
        return self.store.delete(ref, version=version)

    async def log(self, namespace: str, pod: str, since: str = "", *, lines: int = 200) -> str:
        self.store._answer("log")
        self.store.log_asked.append((namespace, pod, since))
        told = [
            f"{time}Z {line}\n"
            for time, line in self.store.logs[pod]
            if f"{time}Z"[:19] >= since[:19]
        ]
        return "".join(told[-lines:])

    def watch(self, ref: CubeRef, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        return self._events(ref.namespace, ref.name, since)

    def watch_all(self, namespace: str, since: str) -> AsyncGenerator[tuple[str, Cube], None]:
        return self._events(namespace, "", since)

    async def _events(
        self, namespace: str, name: str, since: str
    ) -> AsyncGenerator[tuple[str, Cube], None]:
        self.store._answer("watch")
        assert re.fullmatch(r"\d+", since)
        seen = int(since)
        while True:
            if self.store.faults["stream"]:
                fault = self.store.faults["stream"].popleft()
                if isinstance(fault, StopAsyncIteration):
                    return
                raise fault
            await asyncio.sleep(self.store.lag_s)
            for version, kind, cube in self.store.history[seen:]:
                seen = version
                meta = cube["metadata"]
                if meta["namespace"] == namespace and name in ("", meta["name"]):
                    yield kind, copy.deepcopy(cube)
            await self.store._changed.wait()


class Room:
    """Some DataCubes, and who waits for them."""

    def __init__(self, store: Any, manifest: Cube, pace: Pace, watches: SharedWatches) -> None:
        self.store, self.manifest, self.pace, self.watches = store, manifest, pace, watches
        self.connect = store.connect
        self.log = Quiet()

    def cubes(self, count: int, namespace: str = "default") -> list[CubeRef]:
        return [self.cube(f"x-{number}", namespace) for number in range(count)]

    def cube(self, name: str, namespace: str = "default") -> CubeRef:
        metadata = {"namespace": namespace, "name": name}
        return CubeRef.of(self.store.create({**self.manifest, "metadata": metadata}))

    def wait(
        self,
        ref: CubeRef,
        limit: Limit | None = None,
        conn_id: str = "k8s",
        logging: float = 0,
        **more: Any,
    ) -> Any:
        return self.watches.wait_until_terminal(
            conn_id,
            self.connect,
            ref,
            pace=self.pace,
            limit=limit or Limit(),
            log=self.log,
            logging_interval_s=logging,
            **more,
        )

    def start(self, *refs: CubeRef) -> list[asyncio.Task[Any]]:
        return [asyncio.create_task(self.wait(ref)) for ref in refs]

    async def started(self, *refs: CubeRef) -> list[asyncio.Task[Any]]:
        tasks = self.start(*refs)
        await self.store.until_asked("watch")
        await self.settled()
        return tasks

    async def settled(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    def finish(self, *refs: CubeRef) -> None:
        for ref in refs:
            self.store.set_status(ref, COMPLETE)

    async def finished(self, tasks: list[asyncio.Task[Any]]) -> list[str]:
        """Return the names of those that have ended, in the order of their waiters."""
        async with asyncio.timeout(20):
            return [cube["metadata"]["name"] for cube in await asyncio.gather(*tasks)]
