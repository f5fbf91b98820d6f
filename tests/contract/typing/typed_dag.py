"""A user's DAG, judged by mypy --strict: what is right passes, and each mistake is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, S3, Executor, Git, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from airflow_provider_datacube.operators.datacube_delete import DataCubeDeleteOperator
from airflow_provider_datacube.sensors.datacube import DataCubeSensor


@dag(schedule=None)
def typed() -> None:
    fetch = DataCubeOperator(
        task_id="fetch",
        source=Git(url="https://git.example.org/a/repo.git", ref="{{ params.ref }}"),
        sink=PVC("data", sub_path="code", size="1Gi"),
        transfer_executor=Executor(backoff_limit=2),
        secret_ref=SecretRef("git", "token"),
        timeout=timedelta(hours=1),
        deferrable=True,
    )
    DataCubeOperator.partial(task_id="each", sink=PVC("data", sub_path="x")).expand(
        source=[Git(url="https://git.example.org/a/b.git")]
    )
    wait = DataCubeSensor(task_id="wait", name="x", deferrable=True)
    delete = DataCubeDeleteOperator(task_id="delete", name="x")
    fetch >> wait >> delete

    DataCubeOperator(task_id="a", on_kill_action="destroy")  # type: ignore[arg-type]
    DataCubeOperator(task_id="b", source=3)  # type: ignore[arg-type]
    DataCubeOperator(task_id="c", defferable=True, timeout="1h")  # type: ignore[arg-type]
    S3(uri=3)  # type: ignore[arg-type]
    PVC("data", size=3)  # type: ignore[arg-type]

    @task
    def report(made: Any) -> str:
        return str(made)

    report(fetch.output)


typed()
