"""
The loop: watches fill the caches and name the DataCubes concerned, workers look at those.

It knows nothing of what a DataCube needs: that is ``reconcile.plan``'s to say. Started anew, it
lists everything and goes on where the last process stopped.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeApiError
from datacube_runtime.controller.act import Hands
from datacube_runtime.controller.api import ApiError
from datacube_runtime.controller.caches import Caches
from datacube_runtime.controller.health import Health
from datacube_runtime.controller.metrics import Metrics
from datacube_runtime.controller.reconcile import plan
from datacube_runtime.controller.recorder import Recorder
from datacube_runtime.controller.watching import Watches
from datacube_runtime.controller.workqueue import WorkQueue

if TYPE_CHECKING:
    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.backoff import Backoff
    from datacube_runtime.controller.objects import Key
    from datacube_runtime.controller.settings import Settings

logger = logging.getLogger(__name__)


class Controller:
    """Runs the DataCubes of some namespaces, or of all."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with, and who is told
        self,
        api: Api,
        settings: Settings,
        backoff: Backoff | None = None,
        metrics: Metrics | None = None,
        health: Health | None = None,
        instance: str = "datacube-controller",
    ) -> None:
        self._api = api
        self._settings = settings
        self._caches = Caches()
        self._metrics = metrics or Metrics()
        self._health = health or Health()
        self._queue: WorkQueue[Key] = WorkQueue(backoff)
        self._metrics.show_depth(self._queue.depth)
        self._recorder = Recorder(api, instance, self._metrics)
        self._hands = Hands(api, self._recorder, self._metrics)
        self._watches = Watches(
            api,
            settings.namespaces,
            self._caches,
            self._queue.add,
            self._health,
            self._metrics,
            backoff,
        )
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let ``run`` finish what is in hand, and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Go on until stopped, or cancelled."""
        self._health.lack("caches", "not everything there is has been seen yet")
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [*self._watches.start(tasks), tasks.create_task(self._recorder.run())]
                workers = [tasks.create_task(self._begin(f"worker {n}")) for n in self._numbers()]
                helpers.append(tasks.create_task(self._resync()))
                await self._stopping.wait()
                self._queue.shut_down()
                await asyncio.wait(workers)
                await self._recorder.flush()
                for helper in helpers:
                    helper.cancel()
        finally:
            self._queue.close()
            self._watches.ended()

    def _numbers(self) -> range:
        return range(1, self._settings.workers + 1)

    async def _begin(self, name: str) -> None:
        seen = asyncio.ensure_future(self._watches.synced())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((seen, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            seen.cancel()
            stopping.cancel()
        if not self._stopping.is_set():
            self._health.have("caches")
            await self._work(name)

    async def _resync(self) -> None:
        """Look at everything now and then, in case an event was lost in an unforeseen way."""
        while True:
            await asyncio.sleep(self._settings.resync_s * random.uniform(0.9, 1.1))  # noqa: S311
            for key in self._caches.cubes.all_keys():
                self._queue.add(key)

    async def _work(self, name: str) -> None:
        while (key := await self._queue.take()) is not None:
            began = time.monotonic()
            with self._health.busy(name):
                result = await self._pass(key)
            self._metrics.count_pass(result, time.monotonic() - began)

    async def _pass(self, key: Key) -> str:
        try:
            requeue_after_s = await self._reconcile(key)
        except DataCubeApiError as error:
            return self._put_off(key, error)
        except Exception:
            # One DataCube that we cannot deal with must not stop the others.
            logger.exception("cannot deal with DataCube %s", key)
            self._metrics.count_error("Unforeseen")
            self._queue.retry(key)
            return "error"
        else:
            self._queue.forget(key)
            if requeue_after_s is not None:
                self._queue.add_after(key, requeue_after_s)
            return "success"
        finally:
            self._queue.done(key)

    async def _reconcile(self, key: Key) -> float | None:
        seen = await self._caches.observe(self._api, key, datetime.now(UTC))
        if seen is None:
            return None
        now = datetime.now(UTC)
        decided = plan(
            seen.cube,
            seen.job,
            seen.pods,
            seen.pvc,
            now,
            self._settings,
            seen.node,
            seen.refused,
        )
        await self._hands.carry_out(seen.cube, decided, now)
        return decided.requeue_after_s

    def _put_off(self, key: Key, error: DataCubeApiError) -> str:
        """Try again later; that somebody else was faster is nothing to speak of."""
        self._queue.retry(key)
        if isinstance(error, ApiError) and (error.is_stale or error.is_taken or error.is_not_found):
            logger.debug("putting off DataCube %s: %s", key, error)
            return "conflict"
        logger.warning("putting off DataCube %s: %s", key, error)
        self._metrics.count_error(error.word if isinstance(error, ApiError) else "Unavailable")
        return "error"
