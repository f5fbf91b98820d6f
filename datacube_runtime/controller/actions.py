"""What a plan may hold: the things that are done about a DataCube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.controller.objects import Obj


@dataclass(frozen=True)
class CreateVolume:
    """Make the claim; that it is there already is as good."""

    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class CreateJob:
    """Make the Job; that the name is taken means that somebody has to look again."""

    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class PatchStatus:
    """Write this whole status, unless the DataCube has changed meanwhile."""

    status: Mapping[str, Any]


@dataclass(frozen=True)
class SuspendJob:
    """Let the Job stop its pod, or go on."""

    job: Obj
    suspend: bool


@dataclass(frozen=True)
class DeleteCube:
    """Delete the DataCube, whose time is up; what it owns goes with it, the data stays."""


Action: TypeAlias = CreateVolume | CreateJob | PatchStatus | SuspendJob | DeleteCube


@dataclass(frozen=True)
class Plan:
    """What to do, in this order; and when to look again though nothing changed (seconds)."""

    actions: tuple[Action, ...] = ()
    requeue_after_s: float | None = None
