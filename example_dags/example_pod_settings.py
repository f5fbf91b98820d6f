"""
Say what the spec of a DataCube cannot: what its pod may use, where it runs, how long it stays.

The settings become annotations, which this project's controller reads. The platform that first
shipped DataCubes ignores them, so the same DAG runs there, too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, HuggingFace, PodSettings
from airflow_provider_datacube.operators.datacube import DataCubeOperator

ON_A_FAST_DISK = PodSettings(
    resources={"requests": {"cpu": 2}, "limits": {"memory": "{{ params.memory }}"}},
    node_selector={"disk": "ssd"},
    tolerations=[{"key": "transfers", "operator": "Exists", "effect": "NoSchedule"}],
    service_account="transfers",
    image_pull_secrets=["registry"],
    ttl_after_finished=timedelta(days=7),
)


@dag(
    schedule=None,
    tags=["datacube", "example"],
    params={"memory": "2Gi", "models": ["example/tiny"]},
)
def example_pod_settings() -> None:
    """Download a model on a fast disk, then more of them, each with the memory that it needs."""
    large = DataCubeOperator(
        task_id="large",
        source=HuggingFace(repo="example/large"),
        sink=PVC("models", sub_path="large", size="100Gi"),
        pod_settings=ON_A_FAST_DISK,
        deferrable=True,
    )

    @task
    def choose(params: Any = None) -> list[str]:
        """Return what is worth a download; Airflow gives the run's params."""
        return sorted(params["models"])

    @task.datacube(pod_settings=PodSettings(ttl_after_finished=timedelta(hours=1)))
    def download(model: str) -> dict[str, Any]:
        """Return the two ends, and settings instead of the decorator's where they are needed."""
        transfer = {"source": HuggingFace(repo=model), "sink": PVC("models", sub_path=model)}
        if model.endswith("-dataset"):
            transfer["pod_settings"] = PodSettings(resources={"limits": {"memory": "4Gi"}})
        return transfer

    large >> download.expand(model=choose())


example_pod_settings()
