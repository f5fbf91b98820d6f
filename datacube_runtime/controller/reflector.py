"""
Keeping a store equal to what the API server has: list once, then watch from what was listed.

A watch may end at any moment and say nothing by it: it goes on from the last version that was
seen, bookmarks included. Only when the server no longer remembers that version (410, as an answer
or inside the stream) is the list read again, and what vanished in the gap is found by comparing.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeApiError
from datacube_runtime.controller.api import ApiError
from datacube_runtime.controller.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.controller.api import Api, Resource, WatchEvent
    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.store import Store

logger = logging.getLogger(__name__)


class Reflector:
    """
    Fills ``store`` with one resource, and calls ``changed`` with each object that changed.

    ``beat`` is called whenever it gets on: with each event, bookmarks included, each attempt, and
    each page of a list.
    """

    def __init__(  # noqa: PLR0913 - from where, to where, and how
        self,
        api: Api,
        resource: Resource,
        namespace: str | None,
        store: Store,
        changed: Callable[[Obj], None],
        *,
        backoff: Backoff | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.synced = asyncio.Event()
        """Set when the store has been filled for the first time."""
        self._api = api
        self._resource = resource
        self._namespace = namespace
        self._store = store
        self._changed = changed
        self._backoff = backoff or Backoff()
        self._beat = beat
        self._version = ""
        self._failures = 0

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            self._beat()
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except DataCubeApiError as error:
                self._note(error)
            # After an ordinary end as well: a server that ends each watch at once must not be
            # asked in a tight loop.
            self._failures += 1
            await asyncio.sleep(self._backoff.pause_s(self._failures))

    async def _list(self) -> None:
        snapshot = await self._api.list(self._resource, self._namespace, heard=self._beat)
        for obj in self._store.replace(snapshot.items, self._namespace):
            self._changed(obj)
        self._version = snapshot.version
        self.synced.set()

    async def _watch(self) -> None:
        watch = self._api.watch(self._resource, self._namespace, self._version)
        async with aclosing(watch) as events:
            async for event in events:
                self._take(event)
                self._beat()
                self._failures = 0

    def _take(self, event: WatchEvent) -> None:
        if event.kind == "DELETED":
            self._store.remove(event.obj)
        elif event.kind in ("ADDED", "MODIFIED"):
            self._store.put(event.obj)
        if event.kind != "BOOKMARK":
            self._changed(event.obj)
        self._version = event.obj["metadata"]["resourceVersion"]

    def _note(self, error: DataCubeApiError) -> None:
        if isinstance(error, ApiError) and error.is_expired:
            self._version = ""
            logger.info("the watch of %s is too old, listing again", self._resource.plural)
            return
        logger.warning("cannot watch %s: %s", self._resource.plural, error)
