"""What the annotations of a DataCube ask for, over the controller's defaults. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacube_api.errors import DataCubeSpecError
from datacube_api.pod_settings import PodSettings, settings_in
from datacube_runtime.controller import report
from datacube_runtime.controller.actions import DeleteCube, Plan

if TYPE_CHECKING:
    from datetime import datetime

    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.settings import Settings


def asked_of(cube: Obj, settings: Settings) -> PodSettings:
    """
    Return the settings of a DataCube.

    :raises DataCubeSpecError: an annotation cannot be used; names it.
    """
    return settings_in(cube["metadata"].get("annotations")).over(settings.defaults)


def expire(cube: Obj, now: datetime, settings: Settings) -> Plan:
    """Delete what ended long enough ago; what its annotations say wrongly keeps it."""
    try:
        ttl_s = asked_of(cube, settings).ttl_seconds_after_finished
    except DataCubeSpecError:
        return Plan()
    ended = report.ended_at(cube.get("status") or {})
    if ttl_s is None or ended is None:
        return Plan()
    left_s = ttl_s - (now - ended).total_seconds()
    return Plan((DeleteCube(),)) if left_s <= 0 else Plan(requeue_after_s=left_s)
