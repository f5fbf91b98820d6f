"""The watches of a controller: what each brings goes into the caches, and names a DataCube."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from datacube_runtime.controller.api import CUBES, JOBS, PODS
from datacube_runtime.controller.objects import Key
from datacube_runtime.controller.reflector import Reflector

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.backoff import Backoff
    from datacube_runtime.controller.caches import Caches
    from datacube_runtime.controller.health import Health
    from datacube_runtime.controller.metrics import Metrics
    from datacube_runtime.controller.objects import Obj


class Watches:
    """Three of them for each namespace, or three for all; ``wanted`` is told whom to look at."""

    def __init__(  # noqa: PLR0913, PLR0917 - from where, into what, and who is told
        self,
        api: Api,
        namespaces: tuple[str, ...],
        caches: Caches,
        wanted: Callable[[Key], None],
        health: Health,
        metrics: Metrics,
        backoff: Backoff | None = None,
    ) -> None:
        self._caches = caches
        self._wanted = wanted
        self._health = health
        self._metrics = metrics
        watched = (
            (CUBES, caches.cubes, self._cube_changed),
            (JOBS, caches.jobs, self._job_changed),
            (PODS, caches.pods, self._pod_changed),
        )
        self._all = {}
        for namespace in namespaces or (None,):
            for resource, store, changed in watched:
                name = f"the watch of {resource.plural} in {namespace or 'all namespaces'}"
                beat = partial(health.beat, name)
                self._all[name] = Reflector(
                    api, resource, namespace, store, changed, backoff=backoff, beat=beat
                )

    def start(self, tasks: asyncio.TaskGroup) -> Iterator[asyncio.Task[None]]:
        """Yield the tasks that run them."""
        for reflector in self._all.values():
            yield tasks.create_task(reflector.run())

    async def synced(self) -> None:
        """Return when everything there is has been seen."""
        for reflector in self._all.values():
            await reflector.synced.wait()

    def ended(self) -> None:
        """Let nobody miss them."""
        for name in self._all:
            self._health.rest(name)

    def _cube_changed(self, cube: Obj) -> None:
        key = Key.of(cube)
        self._metrics.see(key, self._caches.cubes.get(key))
        self._caches.forget_what_is_over(key)
        self._wanted(key)

    def _job_changed(self, job: Obj) -> None:
        self._caches.note_if_gone(job)
        if key := self._caches.cube_of_job(job):
            self._wanted(key)

    def _pod_changed(self, pod: Obj) -> None:
        if key := self._caches.cube_of_pod(pod):
            self._wanted(key)
