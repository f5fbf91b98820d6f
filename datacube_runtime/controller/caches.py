"""
What is known about one DataCube: from the watches where that is enough, asked where it is not.

A watch lags, and three of them lag differently. Where acting on old knowledge could do harm (a
second Job; an end without its message), the API server is asked again: for objects by name at the
beginning of a DataCube's life, and for a list of its pods only where something hints that a Job of
its name went before. Such a list is dear: an API server goes through all pods of the namespace.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datacube_api.naming import CUBE_LABEL, transfer_labels
from datacube_api.reference import KIND
from datacube_runtime.controller import podless, reconcile, report
from datacube_runtime.controller.api import (
    CUBES,
    JOBS,
    OTHERS_EVENTS,
    OTHERS_PODS,
    PODS,
    VOLUMES,
    ApiError,
)
from datacube_runtime.controller.job import job_name
from datacube_runtime.controller.objects import (
    Key,
    controller_of,
    is_being_deleted,
    is_owned_by,
    uid_of,
)
from datacube_runtime.controller.placement import is_of_one_node, node_in_use
from datacube_runtime.controller.slim import husk
from datacube_runtime.controller.store import Store
from datacube_runtime.controller.vanished import Vanished

if TYPE_CHECKING:
    from datetime import datetime

    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.objects import Obj


_FRESH_S = 2.0


@dataclass(frozen=True)
class Observed:
    """The inputs of a plan."""

    cube: Obj
    job: Obj | None = None
    pods: tuple[Obj, ...] = ()
    pvc: Obj | None = None
    node: str | None = None
    refused: str = ""


class OthersPods:
    """The pods that are not ours, as they were at most two seconds ago: not worth a watch."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, tuple[Obj, ...]]] = {}

    async def of(self, api: Api, namespace: str) -> tuple[Obj, ...]:
        """Return those of a namespace."""
        now = time.monotonic()
        # What is old is forgotten: a namespace may be asked for once only.
        self._known = {n: known for n, known in self._known.items() if now - known[0] <= _FRESH_S}
        if namespace not in self._known:
            pods = (await api.list(OTHERS_PODS, namespace)).items
            self._known[namespace] = (now, pods)
        return self._known[namespace][1]


@dataclass(frozen=True)
class Caches:
    """The stores that the watches fill."""

    cubes: Store = field(default_factory=Store)
    jobs: Store = field(default_factory=Store)
    pods: Store = field(default_factory=Store)
    others: OthersPods = field(default_factory=OthersPods)
    vanished: Vanished = field(default_factory=Vanished)
    """The Jobs that went before their DataCube had ended."""

    def cube_of_job(self, job: Obj) -> Key | None:
        """Return the DataCube that a Job is of."""
        owner = controller_of(job)
        if owner.get("kind") != KIND:
            return None
        return Key(job["metadata"]["namespace"], owner["name"])

    def cube_of_pod(self, pod: Obj) -> Key | None:
        """Return the DataCube that a pod is of; None while its Job has not been seen."""
        job = self.jobs.with_uid(controller_of(pod).get("uid") or "")
        return None if job is None else self.cube_of_job(job)

    def note_if_gone(self, job: Obj) -> None:
        """Remember a Job that is there no longer, unless all that can be told of it has been."""
        key, owner = Key.of(job), self.cube_of_job(job)
        if owner is None or self.jobs.get(key) is not None:
            return
        cube = self.cubes.get(owner)
        is_told = cube is None or reconcile.is_settled(cube)
        if not (is_told and report.finished_condition(job)):
            self.vanished.add(key)

    def forget_what_is_over(self, key: Key) -> None:
        """Keep of the Job and the pods of a DataCube that ended only that they are there."""
        cube = self.cubes.get(key)
        job = self.jobs.get(_job_key(key))
        if cube is None or job is None or not reconcile.is_settled(cube):
            return
        for pod in self.pods.owned_by(uid_of(job)):
            self.pods.put(husk(pod))
        self.jobs.put(husk(job))

    async def observe(self, api: Api, key: Key, now: datetime) -> Observed | None:
        """Return what there is about a DataCube; None where nothing is to be done about it."""
        cube = self.cubes.get(key)
        if cube is None or is_being_deleted(cube):
            return None
        if reconcile.is_settled(cube):
            return Observed(cube)
        job = self.jobs.get(_job_key(key))
        if job is not None and is_owned_by(job, cube):
            pods = await self._pods(api, job)
            return Observed(cube, job, pods, refused=await _refusal(api, job, pods, now))
        return await self._read_again(api, key)

    async def _read_again(self, api: Api, key: Key) -> Observed | None:
        # In this order: a Job that came and went is then known from the DataCube's status, or
        # from the pods that it left.
        job = await api.read(JOBS, _job_key(key))
        cube = await api.read(CUBES, key)
        if cube is None:
            return None
        if job is not None:
            return Observed(cube, job, await self._pods(api, job))
        pods = await self._pods_without_a_job(api, key)
        claim = reconcile.claim_of(cube)
        pvc = await api.read(VOLUMES, Key(key.namespace, claim)) if claim else None
        node = node_in_use(pvc, await self._users(api, pvc))
        return Observed(cube, pods=pods, pvc=pvc, node=node)

    async def _pods_without_a_job(self, api: Api, key: Key) -> tuple[Obj, ...]:
        """
        Return the pods of a name that has no Job, where there may be any.

        A pod hints at a Job that went, seen or unseen; so does a Job that only we still know of. A
        name that has neither is as good as new, and nobody needs to look for its pods.
        """
        label = transfer_labels(key.name)[CUBE_LABEL]
        job = _job_key(key)
        has_a_past = (
            job in self.vanished
            or self.jobs.get(job) is not None
            or self.pods.has_label(key.namespace, label)
        )
        if not has_a_past:
            return ()
        return (await api.list(PODS, key.namespace, f"{CUBE_LABEL}={label}")).items

    async def _users(self, api: Api, pvc: Obj | None) -> tuple[Obj, ...]:
        """Return the pods that may have the claim in use, where that matters."""
        if pvc is None or not is_of_one_node(pvc):
            return ()
        namespace = pvc["metadata"]["namespace"]
        return (*await self.others.of(api, namespace), *self.pods.all_of(namespace))

    async def _pods(self, api: Api, job: Obj) -> tuple[Obj, ...]:
        pods = self.pods.owned_by(uid_of(job))
        label = (job["metadata"].get("labels") or {}).get(CUBE_LABEL)
        if label is None or report.is_conclusive(job, pods):
            return pods
        selector = f"{CUBE_LABEL}={label}"
        found = await api.list(PODS, job["metadata"]["namespace"], selector)
        return tuple(pod for pod in found.items if is_owned_by(pod, job))


async def _refusal(api: Api, job: Obj, pods: tuple[Obj, ...], now: datetime) -> str:
    """Return why a Job gets no pod, or no next one, as far as we may read it."""
    if not podless.waits_in_vain(job, pods, now):
        return ""
    fields = f"involvedObject.uid={uid_of(job)},reason={podless.REFUSED}"
    try:
        told = await api.list(OTHERS_EVENTS, job["metadata"]["namespace"], fields=fields)
    except ApiError as error:
        if not error.is_forbidden:
            raise
        return ""
    return podless.why(job, pods, told.items)


def _job_key(cube: Key) -> Key:
    return Key(cube.namespace, job_name(cube.name))
