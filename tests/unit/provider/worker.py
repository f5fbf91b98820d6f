"""A worker over a store: it renders, executes, resumes and kills as the task runner does."""

from __future__ import annotations

from typing import Any

from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api.reference import CubeRef
from tests.task_instances import TaskInstance

URL = "https://git.example.org/a/repo.git"


class Worker:
    """Runs an operator as the task runner does, over a store: render, then execute or resume."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.ti = TaskInstance()

    def task(self, **arguments: Any) -> DataCubeOperator:
        store = self.store

        class Offline(DataCubeOperator):
            _pauses_s = (0.0, 0.0)
            hook = store

        given = {"source": Git(url=URL), "sink": PVC("data", sub_path="code")}
        chosen = {} if "manifest" in arguments else given
        return Offline(task_id="fetch", **{**chosen, **arguments})

    def run(self, task: DataCubeOperator, **context: Any) -> Any:
        task.render_template_fields({**context})  # type: ignore[typeddict-item]  # what it needs
        return task.execute({"ti": self.ti, **context})  # type: ignore[typeddict-item]  # the same

    def resume(self, task: DataCubeOperator, event: object, **context: Any) -> Any:
        return task.execute_complete({"ti": self.ti, **context}, event)  # type: ignore[typeddict-item]

    @property
    def ref(self) -> CubeRef:
        return CubeRef(**self.ti.pushed["datacube"])


def failed(reason: str) -> dict[str, Any]:
    said = {"type": "Failed", "status": "True", "reason": reason, "message": "it broke"}
    return {"conditions": [said], "pod": {"reference": {"name": "pod-1"}}}
