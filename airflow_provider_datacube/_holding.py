"""
Which try of a task holds a DataCube: pure, and written on the DataCube itself.

One that was given up may still be alive: a worker whose network came back, a signal that comes
late, a trigger that was moved. Its successor has taken the DataCube up meanwhile, and must not lose
it to that one's last act. So a try cancels and clears away only what it holds, and nobody takes a
DataCube from a later try. Airflow gives each try an id of its own; these are version 7 UUIDs, which
sort by the time of their making, so they tell an earlier try from a later one even where the DAG
run was deleted and made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from airflow_provider_datacube._naming import PREFIX, TaskIdentity
from datacube_api.status import Phase, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_api.reference import CubeRef

HELD_BY: Final = f"{PREFIX}/held-by"

_SORTABLE = 7


@dataclass(frozen=True)
class Try:
    """One try of a task instance: ``id`` is what Airflow calls this very try."""

    identity: TaskIdentity
    number: int
    id: str

    @classmethod
    def of(cls, ti: Any) -> Try:
        """Read Airflow's task instance."""
        index = -1 if ti.map_index is None else ti.map_index
        identity = TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, index)
        return cls(identity, ti.try_number, str(ti.id))

    def marks(self) -> dict[str, dict[str, str]]:
        """Return the metadata that says whose a DataCube is, and who holds it."""
        return {
            "labels": self.identity.labels(self.number),
            "annotations": {**self.identity.annotations(), HELD_BY: self.id},
        }

    def holds(self, cube: Mapping[str, Any]) -> bool:
        """Tell whether it was this try that made or took up the DataCube last."""
        return self.identity.owns(cube) and holder_of(cube) == self.id

    def is_before(self, cube: Mapping[str, Any]) -> bool:
        """Tell whether a later try holds the DataCube."""
        mine, theirs = _moment(self.id), _moment(holder_of(cube))
        return mine is not None and theirs is not None and mine < theirs


def holder_of(cube: Mapping[str, Any]) -> str:
    """Return the id of the try that holds a DataCube; nothing where no try does."""
    return str((cube["metadata"].get("annotations") or {}).get(HELD_BY, ""))


def _moment(try_id: str) -> int | None:
    """Return what version 7 UUIDs sort by; nothing where the id is something else."""
    try:
        uuid = UUID(try_id)
    except ValueError:
        return None
    return uuid.int if uuid.version == _SORTABLE else None


def why_not_cancel(cube: Mapping[str, Any], ref: CubeRef, try_id: str) -> str:
    """Say why a try that ends before its DataCube leaves that alone; nothing where it may not."""
    if evaluate(cube.get("status")).phase.is_terminal:
        return "it has ended"
    return why_not_delete(cube, ref, try_id)


def why_not_withdraw(cube: Mapping[str, Any], ref: CubeRef, try_id: str) -> str:
    """Say why a try that cannot give its DataCube what it lacks leaves it alone."""
    if evaluate(cube.get("status")).phase is not Phase.PENDING:
        return "it has begun"
    return why_not_delete(cube, ref, try_id)


def why_not_delete(cube: Mapping[str, Any], ref: CubeRef, try_id: str) -> str:
    """Say why a DataCube is not for this try to delete; nothing where it is."""
    if not ref.is_identity_of(cube):
        return "the name belongs to another one now"
    if cube["metadata"].get("deletionTimestamp"):
        return "it is being deleted already"
    if holder_of(cube) != try_id:
        return "another try of the task holds it"
    return ""
