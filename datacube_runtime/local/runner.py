"""
The runner of the embedded cluster: Jobs and pods as processes, claims as directories.

It does what kube-controller-manager, the scheduler, the kubelet and a volume provisioner do for
one machine. Level-based: the API is listed and watched, what changed is looked at by its key, and
each look starts from what is there now. Nothing is remembered that a restart could not find again.

Images are ignored: the programs come from ``path``. This is for one user on one machine; processes
are not isolated from each other.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from datacube_runtime.local.cluster import (
    CLAIMS,
    CONFIG_MAPS,
    JOBS,
    PLURALS,
    PODS,
    SECRETS,
    Objects,
)
from datacube_runtime.local.events import Recorder
from datacube_runtime.local.jobs.controller import JobController
from datacube_runtime.local.jobs.plan import Backoff
from datacube_runtime.local.pods.kubelet import Kubelet, Places, Surroundings
from datacube_runtime.local.pods.launch import Machine
from datacube_runtime.local.pods.leftovers import clear_leftovers
from datacube_runtime.local.pods.machine import capacity
from datacube_runtime.local.pods.memory import over_limit
from datacube_runtime.local.pods.node import REPORT_S, report
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.volumes.claims import reconcile_claim
from datacube_runtime.local.volumes.directories import Volumes
from datacube_runtime.local.volumes.trash import Trash
from datacube_runtime.local.workqueue import WorkQueue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datacube_runtime.local.cluster import Cluster, Manifest

log = logging.getLogger(__name__)

Key = tuple[str, str, str]
"""Plural, namespace, name."""

_RELIST_PAUSE_S = 0.1
_MEMORY_PAUSE_S = 1.0
_SWEEP_PAUSE_S = 60.0


@dataclass(frozen=True)
class RunnerConfig:
    """What may be tuned; the defaults are Kubernetes' where it has one."""

    backoff: Backoff = field(default_factory=Backoff)
    stop_grace_s: float = 5.0
    """How long processes get to end by themselves when the cluster is stopped."""
    retry_s: float = 1.0
    """How long after an unexpected error an object is looked at again."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Runner:
    """Runs what the registry asks for, until cancelled."""

    def __init__(
        self, registry: Cluster, data_dir: Path, path: str, config: RunnerConfig | None = None
    ) -> None:
        data_dir = data_dir.absolute()  # processes run elsewhere
        self._data_dir = data_dir
        self._config = config or RunnerConfig()
        self._objects = Objects(registry)
        self._queue: WorkQueue[Key] = WorkQueue()
        trash = Trash(data_dir / "trash")
        self._trash = trash
        self._volumes = Volumes(data_dir / "volumes", trash)
        self._places = Places(data_dir / "pods", data_dir / "logs", trash)
        self._recorder = Recorder(self._objects, _utc_now)
        self._jobs = JobController(
            self._objects, self._config.backoff, self._recorder, now=_utc_now
        )
        self._kubelet = Kubelet(
            self._objects,
            Machine(self._volumes, path, capacity()),
            self._places,
            Surroundings(_utc_now, self._wake, self._ended, self._recorder),
        )

    def log_path(self, namespace: str, pod: str, uid: str) -> Path:  # noqa: ARG002 - the seam's shape
        """Return the file with the output of a pod; it need not be there yet."""
        return self._places.log_of(uid)

    async def run(self) -> None:
        """Work until cancelled; then end every process that was started."""
        for directory in (self._places.scratches, self._places.logs):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._trash.empty()
        report(self._objects, self._data_dir, _utc_now())
        await clear_leftovers(self._objects, self._places, _utc_now())
        try:
            async with asyncio.TaskGroup() as tasks:
                for plural in PLURALS:
                    tasks.create_task(self._follow(plural), name=f"follow-{plural}")
                tasks.create_task(self._work(), name="runner")
                tasks.create_task(self._watch_memory(), name="memory")
                tasks.create_task(self._sweep(), name="events")
                tasks.create_task(self._report(), name="node")
        finally:
            self._queue.close()
            await self._kubelet.stop(self._config.stop_grace_s)

    async def _follow(self, plural: str) -> NoReturn:
        """
        Hear of every object of a kind, and of every change.

        Where the watch was too slow and the server forgot what came after, everything is listed
        again; what is missing then was deleted.
        """
        known: dict[Key, Manifest] = {}
        while True:
            since = self._objects.cluster.version()
            listed = {_key(plural, obj): obj for obj in self._objects.list(plural)}
            for key in known.keys() - listed.keys():
                self._saw("DELETED", key, known[key])
            for key, obj in listed.items():
                self._saw("ADDED", key, obj)
            known = {key: _trace(obj) for key, obj in listed.items()}
            try:
                async for kind, obj in self._objects.watch(plural, since):
                    key = _key(plural, obj)
                    self._saw(kind, key, obj)
                    known[key] = _trace(obj)
                    if kind == "DELETED":
                        del known[key]
            except ApiStatusError as error:
                if error.code != HTTPStatus.GONE:
                    raise
            await asyncio.sleep(_RELIST_PAUSE_S)

    def _saw(self, kind: str, key: Key, obj: Manifest) -> None:
        """Find out whom a change concerns."""
        plural, namespace, _ = key
        if plural in (CLAIMS, JOBS, PODS):
            self._queue.add(key)
        if plural in (CLAIMS, SECRETS, CONFIG_MAPS):
            for waiting in self._kubelet.waiting_in(namespace):
                self._queue.add((PODS, *waiting))
        if plural == PODS:
            gone = kind == "DELETED"
            if gone:
                self._kubelet.forget(obj["metadata"]["uid"])
            if (job := self._jobs.saw_pod(obj, gone=gone)) is not None:
                self._queue.add((JOBS, namespace, job))

    def _wake(self, namespace: str, name: str) -> None:
        self._queue.add((PODS, namespace, name))

    def _ended(self, pod: Mapping[str, Any]) -> None:
        """Let the Job count a pod that has just ended."""
        if (job := self._jobs.saw_pod(pod)) is not None:
            self._jobs.reconcile(pod["metadata"]["namespace"], job)

    async def _work(self) -> NoReturn:
        while True:
            key = await self._queue.get()
            try:
                again_in_s = self._reconcile(key)
            except Exception:  # the worker must not die of one object
                log.exception("%s %s/%s: will be tried again", *key)
                again_in_s = self._config.retry_s
            if again_in_s is not None:
                self._queue.add_later(key, again_in_s)

    async def _watch_memory(self) -> NoReturn:
        """End pods that have more memory than they may; nothing is read where there is no limit."""
        while True:
            await asyncio.sleep(_MEMORY_PAUSE_S)
            if limits := self._kubelet.memory_limits():
                for pid in await asyncio.to_thread(over_limit, limits):
                    self._kubelet.out_of_memory(pid)

    async def _sweep(self) -> NoReturn:
        """Let Kubernetes Events expire."""
        while True:
            self._recorder.sweep()
            await asyncio.sleep(_SWEEP_PAUSE_S)

    async def _report(self) -> NoReturn:
        """Say again and again that the node is there."""
        while True:
            await asyncio.sleep(REPORT_S)
            report(self._objects, self._data_dir, _utc_now())

    def _reconcile(self, key: Key) -> float | None:
        """Look at one object; return after how many seconds to look again."""
        plural, namespace, name = key
        if plural == JOBS:
            return self._jobs.reconcile(namespace, name)
        if plural == PODS:
            return self._kubelet.reconcile(namespace, name)
        return reconcile_claim(
            self._objects,
            self._volumes,
            namespace,
            name,
            in_use=self._kubelet.uses(namespace, name),
        )


def _trace(obj: Manifest) -> Manifest:
    """Return what has to be known of an object after it is gone."""
    kept = ("namespace", "name", "uid", "ownerReferences")
    return {"metadata": {key: value for key, value in obj["metadata"].items() if key in kept}}


def _key(plural: str, obj: Manifest) -> Key:
    return plural, obj["metadata"]["namespace"], obj["metadata"]["name"]
