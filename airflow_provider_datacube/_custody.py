"""
What becomes of a try's DataCube: cancelled where the task ends first, cleared away where it does.

Only what this try holds is deleted, and only as it was read: whoever takes it up in between keeps
it. That a deletion fails is told and changes nothing else, neither a success nor the error that the
task ends with. Worker and triggerer do the same, one blocking, the other not.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from airflow_provider_datacube._faults import Faults, patiently, persist
from airflow_provider_datacube._holding import (
    why_not_cancel,
    why_not_delete,
    why_not_withdraw,
)
from airflow_provider_datacube._watching import Pace
from datacube_api.errors import DataCubeApiError, DataCubeError, DataCubeNotFoundError
from datacube_api.reference import CubeRef
from datacube_api.status import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from airflow_provider_datacube._events import Ending
    from airflow_provider_datacube._holding import Try
    from airflow_provider_datacube._telling import Log

OnKillAction = Literal["delete_datacube", "keep_datacube"]
OnFinishAction = Literal["keep_datacube", "delete_datacube", "delete_succeeded_datacube"]

ON_KILL: Final[tuple[OnKillAction, ...]] = ("delete_datacube", "keep_datacube")
ON_FINISH: Final[Mapping[OnFinishAction, tuple[Phase, ...]]] = {
    "keep_datacube": (),
    "delete_datacube": (Phase.SUCCEEDED, Phase.FAILED),
    "delete_succeeded_datacube": (Phase.SUCCEEDED,),
}

# How often to read it again because its status has changed between the reading and the deleting.
_ROUNDS = 10
# Airflow kills the process of a task five seconds after it has asked it to end: so few pauses then.
_LAST_PAUSES = 2
# Airflow waits thirty seconds for a trigger.
_TRIGGER_S = 20.0
_GONE = "is gone already"
_DELETED = "is deleted"
_RESTLESS = "stays: its status changes too fast to delete it as it was read"


class Deleter(Protocol):
    """The three verbs that a worker needs."""

    def read(self, ref: CubeRef) -> dict[str, Any]:
        """Return the object; DataCubeNotFoundError where nothing has the name."""

    def list(self, namespace: str, *, label_selector: str = "") -> list[dict[str, Any]]:
        """Return the matching objects of a namespace."""

    def delete(self, ref: CubeRef, *, version: str) -> bool:
        """Delete the object; tell whether it was there, as it was at that version."""


class AsyncDeleter(Protocol):
    """The two verbs that a triggerer needs."""

    async def read(self, ref: CubeRef) -> dict[str, Any]:
        """Return the object; DataCubeNotFoundError where nothing has the name."""

    async def delete(self, ref: CubeRef, *, version: str) -> bool:
        """Delete the object; tell whether it was there, as it was at that version."""


class Custody:
    """
    The DataCube of one try, in its worker.

    ``ref`` is which one, as soon as that is known.

    :param pauses_s: between attempts, while the API server cannot be reached or is overloaded
    """

    def __init__(  # noqa: PLR0913 - made in one place
        self,
        cubes: Deleter,
        this: Try,
        *,
        on_kill: OnKillAction,
        on_finish: OnFinishAction,
        pauses_s: Sequence[float],
        log: Log,
    ) -> None:
        self.this = this
        self._cubes, self._pauses_s, self._log = cubes, pauses_s, log
        self._on_kill, self._on_finish = on_kill, on_finish
        self._namespace = ""
        self.ref: CubeRef | None = None
        self._is_killed = False

    def expect(self, namespace: str) -> None:
        """Note that a DataCube is about to be made in this namespace."""
        self._namespace = namespace

    def take(self, ref: CubeRef) -> None:
        """
        Note which DataCube it is.

        :raises DataCubeError: the task was killed while it was being made.
        """
        self.ref = ref
        if self._is_killed:
            self.cancel(ref)
            raise DataCubeError(f"the task was killed while DataCube {ref} was being made")

    def kill(self) -> None:
        """Cancel what this try waits for, or has just made without having the answer."""
        self._is_killed = True
        pauses_s = self._pauses_s[:_LAST_PAUSES]
        try:
            refs = patiently(self._held, pauses_s, self._log)
        except DataCubeApiError as error:
            self._log.warning("%s; a DataCube of this task may be left", error)
            return
        for ref in refs:
            self.cancel(ref, pauses_s)

    def cancel(self, ref: CubeRef, pauses_s: Sequence[float] | None = None) -> None:
        """Delete a DataCube that has not ended, and with it the transfer."""
        if self._on_kill == "keep_datacube":
            self._log.info("DataCube %s stays, as on_kill_action says", ref)
        else:
            self._delete(ref, why_not_cancel, self._pauses_s if pauses_s is None else pauses_s)

    def withdraw(self, ref: CubeRef) -> None:
        """Delete a DataCube that cannot begin, and has not."""
        self._delete(ref, why_not_withdraw, self._pauses_s)

    def finish(self, ending: Ending) -> None:
        """Clear a DataCube away that has ended, once everything has been read of it."""
        if ending.outcome.phase in ON_FINISH[self._on_finish]:
            self._delete(ending.ref, why_not_delete, self._pauses_s)

    def _held(self) -> list[CubeRef]:
        """Return what it waits for, or what may have been made without an answer."""
        if self.ref:
            return [self.ref]
        if not self._namespace:
            return []
        own = self._cubes.list(self._namespace, label_selector=self.this.identity.selector)
        return [CubeRef.of(cube) for cube in own if self.this.holds(cube)]

    def _delete(self, ref: CubeRef, why_not: Callable[..., str], pauses_s: Sequence[float]) -> None:
        try:
            said = patiently(lambda: self._deleted(ref, why_not), pauses_s, self._log)
        except DataCubeApiError as error:
            self._log.warning("DataCube %s could not be deleted: %s", ref, error)
        else:
            self._log.info("DataCube %s %s", ref, said)

    def _deleted(self, ref: CubeRef, why_not: Callable[..., str]) -> str:
        for _ in range(_ROUNDS):
            try:
                cube = self._cubes.read(ref)
            except DataCubeNotFoundError:
                return _GONE
            if why := why_not(cube, ref, self.this.id):
                return f"stays: {why}"
            if self._cubes.delete(ref, version=cube["metadata"]["resourceVersion"]):
                return _DELETED
        return _RESTLESS


async def cancel(
    connect: Callable[[], AbstractAsyncContextManager[AsyncDeleter]],
    ref: CubeRef,
    try_id: str,
    log: Log,
) -> None:
    """Do what ``Custody.cancel`` does, in the triggerer."""
    try:
        async with asyncio.timeout(_TRIGGER_S):
            said = await persist(
                connect, lambda cubes: _cancelled(cubes, ref, try_id), Faults(Pace(), log)
            )
    except (DataCubeApiError, TimeoutError) as error:
        log.warning("DataCube %s could not be deleted: %s", ref, str(error) or "no answer in time")
    else:
        log.info("DataCube %s %s", ref, said)


async def _cancelled(cubes: AsyncDeleter, ref: CubeRef, try_id: str) -> str:
    for _ in range(_ROUNDS):
        try:
            cube = await cubes.read(ref)
        except DataCubeNotFoundError:
            return _GONE
        if why := why_not_cancel(cube, ref, try_id):
            return f"stays: {why}"
        if await cubes.delete(ref, version=cube["metadata"]["resourceVersion"]):
            return _DELETED
    return _RESTLESS
