"""
Carrying out a plan, one action after the other, and telling the user what was done and refused.

An action that fails ends the pass; the next pass plans anew. So nothing here undoes anything.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datacube_api.reference import CubeRef
from datacube_api.status import evaluate
from datacube_runtime.controller.actions import (
    CreateJob,
    CreateVolume,
    DeleteCube,
    PatchStatus,
    SuspendJob,
)
from datacube_runtime.controller.api import CUBES, JOBS, VOLUMES, ApiError
from datacube_runtime.controller.happenings import between, created
from datacube_runtime.controller.reconcile import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from datacube_runtime.controller.actions import Plan
    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.metrics import Metrics
    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.recorder import Recorder

logger = logging.getLogger(__name__)


class Hands:
    """Does what plans say; logs, counts and tells each thing that came to pass."""

    def __init__(self, api: Api, recorder: Recorder, metrics: Metrics) -> None:
        self._api = api
        self._recorder = recorder
        self._metrics = metrics

    async def carry_out(self, cube: Obj, plan: Plan, now: datetime) -> None:
        """
        Do what a plan says.

        :raises DataCubeApiError: an action was not possible now; plan again.
        """
        for action in plan.actions:
            if isinstance(action, PatchStatus):
                cube = await self._patch(cube, action.status)
                continue
            if isinstance(action, SuspendJob):
                await self._suspend(cube, action)
                continue
            if isinstance(action, DeleteCube):
                await self._delete(cube)
                continue
            try:
                await self._create(cube, action)
            except ApiError as error:
                if not (error.is_invalid or error.is_refused):
                    raise
                told = refusal(cube, action, str(error), now, final=error.is_invalid)
                await self.carry_out(cube, told, now)
                if not error.is_invalid:
                    raise
                return

    async def _create(self, cube: Obj, action: CreateVolume | CreateJob) -> None:
        resource = VOLUMES if isinstance(action, CreateVolume) else JOBS
        kind, name = action.manifest["kind"], action.manifest["metadata"]["name"]
        try:
            await self._api.create(resource, action.manifest)
        except ApiError as error:
            if not (error.is_taken and isinstance(action, CreateVolume)):
                raise
            return
        _log(cube, "created %s %s", kind, name)
        self._recorder.tell(cube, created(kind, name))

    async def _suspend(self, cube: Obj, action: SuspendJob) -> None:
        await self._api.patch(JOBS, action.job, {"spec": {"suspend": action.suspend}})
        _log(cube, "suspended" if action.suspend else "resumed")

    async def _delete(self, cube: Obj) -> None:
        try:
            await self._api.delete(CUBES, cube)
        except ApiError as error:
            if not error.is_forbidden:
                raise
            _log(cube, "its time is up, but this account may not delete it: %s", error)
        else:
            _log(cube, "deleted: its time after the end is up")

    async def _patch(self, cube: Obj, status: Mapping[str, Any]) -> Obj:
        patched = await self._api.patch_status(cube, status)
        before, after = evaluate(cube.get("status")), evaluate(status)
        if before.phase is not after.phase:
            _log(cube, "%s → %s (%s)", before.phase, after.phase, after.reason or "no reason given")
            if after.phase.is_terminal:
                self._metrics.count_end(cube, status)
        for happening in between(cube.get("status"), status):
            self._recorder.tell(cube, happening)
        return patched


def _log(cube: Obj, message: str, *args: object) -> None:
    logger.info(message, *args, extra={"cube": CubeRef.of(cube)})
