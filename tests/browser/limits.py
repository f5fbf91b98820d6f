"""An auth manager that limits what a user may see, as those of companies do."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

LIMITED = "guest"
HIDDEN = "train_1"
"""A DAG of which the guest sees nothing."""

SILENT = "train_2"
"""A DAG whose logs the guest may not read."""


class LimitingAuthManager(SimpleAuthManager):
    """Airflow's simple one, with a user who may see less."""

    def is_authorized_dag(self, *, user: Any, **asked: Any) -> bool:
        """Refuse the guest what is not the guest's."""
        details, entity = asked.get("details"), asked.get("access_entity")
        dag_id = details.id if details else None
        reads_log = entity is DagAccessEntity.TASK_LOGS
        if user.username == LIMITED and (dag_id == HIDDEN or (dag_id == SILENT and reads_log)):
            return False
        return super().is_authorized_dag(user=user, **asked)
