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
    map_index: int | None = -1
    try_number: int = 1
    pushed: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """A version 7 UUID, as Airflow gives each try: a later one is greater."""
        return f"{self.try_number:08x}-0000-7000-8000-000000000000"

    def xcom_push(self, key: str, value: Any) -> None:
        """Remember it."""
        self.pushed[key] = value
