"""
Telling Events, as far as there is room for them.

Events help people and decide nothing, so they never hold a transfer up: they go out beside the
work, from a queue that drops the ordinary ones when more come than a person could read. Failures
have a share of their own. The status tells everything in any case.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeApiError
from datacube_runtime.controller.api import EVENTS
from datacube_runtime.controller.happenings import event_manifest
from datacube_runtime.controller.metrics import Metrics
from datacube_runtime.controller.ratelimit import TokenBucket

if TYPE_CHECKING:
    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.happenings import Happening
    from datacube_runtime.controller.objects import Obj

logger = logging.getLogger(__name__)

_ORDINARY = (2.0, 100)  # a second in the long run, at once
_WARNINGS = (2.0, 200)
_WAITING = 500
_FLUSH_S = 2.0


class Recorder:
    """Takes Events without waiting; ``run`` sends them."""

    def __init__(self, api: Api, instance: str, metrics: Metrics | None = None) -> None:
        self._api = api
        self._instance = instance
        self._metrics = metrics or Metrics()
        self._queue: asyncio.Queue[tuple[Obj, Happening, datetime]] = asyncio.Queue(_WAITING)
        self._room = {False: TokenBucket(*_ORDINARY), True: TokenBucket(*_WARNINGS)}

    def tell(self, cube: Obj, happening: Happening) -> None:
        """Let an Event of a DataCube be told, if there is room."""
        if self._queue.full() or not self._room[happening.is_warning].take_if_there():
            self._metrics.count_event("dropped")
            return
        self._queue.put_nowait((cube, happening, datetime.now(UTC)))

    async def run(self) -> None:
        """Send what is told; go on until cancelled."""
        while True:
            await self._send(*await self._queue.get())
            self._queue.task_done()

    async def flush(self) -> None:
        """Return when everything that was told has been sent, or too much time has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                await self._queue.join()

    async def _send(self, cube: Obj, happening: Happening, at: datetime) -> None:
        manifest = event_manifest(cube, happening, at, self._instance, secrets.token_hex(8))
        try:
            await self._api.create(EVENTS, manifest)
        except DataCubeApiError as error:  # its namespace may be going, or nobody may write Events
            self._metrics.count_event("failed")
            logger.debug("cannot tell the Event %s: %s", happening.reason, error)
        else:
            self._metrics.count_event("sent")
