"""
Carries out what ``jobs`` plans: creates and deletes pods, and writes the status.

It keeps one index, from a Job to the names of its pods, so that looking at a Job does not mean
looking at every pod. Only names are kept: what a pod is like is read anew each time. A pod that is
created here is in the index at once, before any watch tells of it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.cluster import JOBS, PODS
from datacube_runtime.local.jobs import happenings
from datacube_runtime.local.jobs.plan import plan_job, pod_of
from datacube_runtime.local.jobs.tally import is_owned_by, owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from datacube_runtime.local.cluster import Manifest, Objects
    from datacube_runtime.local.events import Happening, Recorder
    from datacube_runtime.local.jobs.plan import Backoff

log = logging.getLogger(__name__)


class JobController:
    """The Jobs of all namespaces."""

    def __init__(
        self,
        objects: Objects,
        backoff: Backoff,
        recorder: Recorder,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._objects, self._backoff, self._recorder = objects, backoff, recorder
        self._now = now
        self._pods: defaultdict[str, set[str]] = defaultdict(set)

    def saw_pod(self, pod: Mapping[str, Any], *, gone: bool = False) -> str | None:
        """Remember whose pod it is; return the name of the Job, if it is a Job's."""
        if (uid := owner_of(pod)) is None:
            return None
        self._pods[uid].add(pod["metadata"]["name"])
        if gone:
            self._pods[uid].discard(pod["metadata"]["name"])
            if not self._pods[uid]:
                del self._pods[uid]
        owners = pod["metadata"]["ownerReferences"]
        return next(str(owner["name"]) for owner in owners if owner["uid"] == uid)

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Look at one Job; return after how many seconds to look again."""
        job = self._objects.find(JOBS, namespace, name)
        if job is None:
            return None
        plan = plan_job(job, self._pods_of(job), self._now(), self._backoff)
        told: list[Happening] = []  # last of all: nothing depends on it
        for pod in plan.delete:
            self._objects.delete(PODS, pod)
            told.append(happenings.deleted(pod))
        if plan.create:
            # Both without a pause in between: "active" is what an attempt is counted by.
            made = self._objects.create(PODS, namespace, pod_of(job))
            self.saw_pod(made)
            log.info("Job %s/%s: pod %s created", namespace, name, made["metadata"]["name"])
            told.append(happenings.created(made))
        self._objects.write_status(JOBS, job, plan.status)
        told += happenings.news(job.get("status") or {}, plan.status)
        for happening in told:
            self._recorder.tell(happenings.SOURCE, job, happening)
        if plan.remove:
            log.info("Job %s/%s: removed, its time to live is over", namespace, name)
            self._objects.delete(JOBS, job, propagation="Foreground")
        return plan.again_in_s

    def _pods_of(self, job: Mapping[str, Any]) -> list[Manifest]:
        meta = job["metadata"]
        names = sorted(self._pods.get(meta["uid"], ()))
        found = (self._objects.find(PODS, meta["namespace"], name) for name in names)
        return [pod for pod in found if pod is not None and is_owned_by(pod, job)]
