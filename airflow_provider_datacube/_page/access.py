"""
Who may see what: Airflow's login, and the rights that Airflow has for DAGs.

A DataCube that a task made is shown to those who may see that task, and its log to those who may
read the task's log; one that no task made, to everybody who may see task instances at all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.models.dag import DagModel  # noqa: TID251 - the SDK, made for tasks, knows no teams

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_datacube._page.rows import Row, Task

SEE: Final = DagAccessEntity.TASK_INSTANCE
READ_LOG: Final = DagAccessEntity.TASK_LOGS

_KEPT_S: Final = 20.0


class Permits:
    """What Airflow's auth manager said, for some seconds: a page asks at each change."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str, str], tuple[float, bool]] = {}

    def visible(self, user: Any, rows: Iterable[Row]) -> list[Row]:
        """Return what a user may see of rows. Blocking: it may ask the database."""
        seen = (row for row in rows if self.may(user, row["task"], SEE))
        return [self._without_log(user, row) for row in seen]

    def _without_log(self, user: Any, row: Row) -> Row:
        is_of_log = row["fraction"] is not None
        if is_of_log and not self.may(user, row["task"], READ_LOG):
            return {**row, "fraction": None}
        return row

    def may(self, user: Any, task: Task | None, what: DagAccessEntity) -> bool:
        """Tell whether a user may do that with what a task made. Blocking, as above."""
        dag_id = task["dag_id"] if task else ""
        asked = (str(user.get_id()), dag_id, what.value)
        when, said = self._said.get(asked, (0.0, False))
        now = time.monotonic()
        if now - when > _KEPT_S or not when:
            said = _ask(user, dag_id, what)
            self._forget(now)
            self._said[asked] = now, said
        return said

    def _forget(self, now: float) -> None:
        self._said = {asked: s for asked, s in self._said.items() if now - s[0] <= _KEPT_S}


def _ask(user: Any, dag_id: str, what: DagAccessEntity) -> bool:
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id)) if dag_id else None
    return bool(
        get_auth_manager().is_authorized_dag(
            method="GET", access_entity=what, details=details, user=user
        )
    )
