"""What an operator needs of a task instance, where no Airflow runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class TaskInstance:
    """One that remembers what was pushed."""

    dag_id: str = "etl"
    task_id: str = "fetch"
    run_id: str = "run-1"
    map_index: int = -1
    try_number: int = 1
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Remember it."""
        self.pushed[key] = value
