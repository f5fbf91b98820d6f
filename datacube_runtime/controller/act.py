"""
Carrying out a plan, one action after the other, and telling the user what was refused.

An action that fails ends the pass; the next pass plans anew. So nothing here undoes anything.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datacube_api.reference import CubeRef
from datacube_api.status import evaluate
from datacube_runtime.controller.api import JOBS, VOLUMES, ApiError
from datacube_runtime.controller.reconcile import CreateJob, CreateVolume, PatchStatus, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from datacube_runtime.controller.api import Api
    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.reconcile import Plan

logger = logging.getLogger(__name__)


async def carry_out(api: Api, cube: Obj, plan: Plan, now: datetime) -> None:
    """
    Do what a plan says.

    :raises DataCubeApiError: an action was not possible now; plan again.
    """
    for action in plan.actions:
        if isinstance(action, PatchStatus):
            cube = await _patch(api, cube, action.status)
            continue
        try:
            await _create(api, cube, action)
        except ApiError as error:
            if not (error.is_invalid or error.is_forbidden):
                raise
            told = refusal(cube, action, str(error), now, final=error.is_invalid)
            await carry_out(api, cube, told, now)
            if not error.is_invalid:
                raise
            return


async def _create(api: Api, cube: Obj, action: CreateVolume | CreateJob) -> None:
    resource = VOLUMES if isinstance(action, CreateVolume) else JOBS
    name = action.manifest["metadata"]["name"]
    try:
        await api.create(resource, action.manifest)
    except ApiError as error:
        if not (error.is_taken and isinstance(action, CreateVolume)):
            raise
        return
    _log(cube, "created %s %s", action.manifest["kind"], name)


async def _patch(api: Api, cube: Obj, status: Mapping[str, Any]) -> Obj:
    patched = await api.patch_status(cube, status)
    before, after = evaluate(cube.get("status")), evaluate(status)
    if before.phase is not after.phase:
        _log(cube, "%s → %s (%s)", before.phase, after.phase, after.reason or "no reason given")
    return patched


def _log(cube: Obj, message: str, *args: object) -> None:
    logger.info(message, *args, extra={"cube": CubeRef.of(cube)})
