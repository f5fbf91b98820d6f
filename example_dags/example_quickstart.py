"""The first transfer: a Git repository into a volume, without any credential."""

from __future__ import annotations

from airflow.sdk import dag

from airflow_provider_datacube.models import PVC, Executor, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator


@dag(
    schedule=None,
    tags=["datacube", "example"],
    params={"url": "https://git.example.com/team/code.git"},
)
def example_quickstart() -> None:
    """Download a repository into a directory of its own for each run."""
    DataCubeOperator(
        task_id="download",
        source=Git(url="{{ params.url }}"),
        sink=PVC("workspace", sub_path="{{ run_id }}", size="1Gi"),
        transfer_executor=Executor(backoff_limit=2, active_deadline_seconds=3600),
        deferrable=True,
    )


example_quickstart()
