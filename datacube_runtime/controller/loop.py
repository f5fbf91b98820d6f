"""
The loop: watches fill the caches and name the DataCubes concerned, workers look at those.

It knows nothing of what a DataCube needs: that is ``reconcile.plan``'s to say. Started anew, it
lists everything and goes on where the last process stopped.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeApiError
from datacube_runtime.controller.act import carry_out
from datacube_runtime.controller.api import CUBES, JOBS, PODS, ApiError
from datacube_runtime.controller.caches import Caches
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.reconcile import plan
from datacube_runtime.controller.reflector import Reflector
from datacube_runtime.controller.workqueue import WorkQueue

if TYPE_CHECKING:
    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.backoff import Backoff
    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.settings import Settings

logger = logging.getLogger(__name__)


class Controller:
    """Runs the DataCubes of one namespace, or of all."""

    def __init__(self, api: Api, settings: Settings, backoff: Backoff | None = None) -> None:
        self._api = api
        self._settings = settings
        self._caches = Caches()
        self._queue: WorkQueue[Key] = WorkQueue(backoff)
        watched = (
            (CUBES, self._caches.cubes, self._cube_changed),
            (JOBS, self._caches.jobs, self._job_changed),
            (PODS, self._caches.pods, self._pod_changed),
        )
        self._reflectors = [
            Reflector(api, resource, settings.namespace, store, changed, backoff=backoff)
            for resource, store, changed in watched
        ]

    async def run(self) -> None:
        """Go on until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for reflector in self._reflectors:
                    tasks.create_task(reflector.run())
                for reflector in self._reflectors:
                    await reflector.synced.wait()
                logger.info("watching %s", self._settings.namespace or "all namespaces")
                for _ in range(self._settings.workers):
                    tasks.create_task(self._work())
                tasks.create_task(self._resync())
        finally:
            self._queue.close()

    def _cube_changed(self, cube: Obj) -> None:
        self._queue.add(Key.of(cube))

    def _job_changed(self, job: Obj) -> None:
        if key := self._caches.cube_of_job(job):
            self._queue.add(key)

    def _pod_changed(self, pod: Obj) -> None:
        if key := self._caches.cube_of_pod(pod):
            self._queue.add(key)

    async def _resync(self) -> None:
        """Look at everything now and then, in case an event was lost in an unforeseen way."""
        while True:
            await asyncio.sleep(self._settings.resync_s)
            for key in self._caches.cubes.all_keys():
                self._queue.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.take()
            try:
                requeue_after_s = await self._reconcile(key)
            except DataCubeApiError as error:
                self._put_off(key, error)
            except Exception:
                # One DataCube that we cannot deal with must not stop the others.
                logger.exception("cannot deal with DataCube %s", key)
                self._queue.retry(key)
            else:
                self._queue.forget(key)
                if requeue_after_s is not None:
                    self._queue.add_after(key, requeue_after_s)
            finally:
                self._queue.done(key)

    async def _reconcile(self, key: Key) -> float | None:
        seen = await self._caches.observe(self._api, key)
        if seen is None:
            return None
        now = datetime.now(UTC)
        decided = plan(seen.cube, seen.job, seen.pods, seen.pvc, now, self._settings)
        await carry_out(self._api, seen.cube, decided, now)
        return decided.requeue_after_s

    def _put_off(self, key: Key, error: DataCubeApiError) -> None:
        """Try again later; that somebody else was faster is nothing to speak of."""
        ordinary = isinstance(error, ApiError) and (
            error.is_stale or error.is_taken or error.is_not_found
        )
        level = logging.DEBUG if ordinary else logging.WARNING
        logger.log(level, "putting off DataCube %s: %s", key, error)
        self._queue.retry(key)
