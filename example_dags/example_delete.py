"""
Clean up: delete the DataCube of this run, and those of a label.

The data stays where it is; what goes is the record of the transfer, and the transfer where one is
still running.
"""

from __future__ import annotations

from airflow.sdk import dag

from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from airflow_provider_datacube.operators.datacube_delete import DataCubeDeleteOperator


@dag(
    schedule=None,
    tags=["datacube", "example"],
    params={"url": "https://git.example.com/upstream/handbook.git", "outdated": "temporary"},
)
def example_delete() -> None:
    """Download, then delete the DataCube that did it, and all outdated ones."""
    download = DataCubeOperator(
        task_id="download",
        source=Git(url="{{ params.url }}"),
        sink=PVC("workspace", sub_path="{{ run_id }}", size="1Gi"),
        deferrable=True,
    )

    delete_own = DataCubeDeleteOperator(
        task_id="delete_own",
        name="{{ ti.xcom_pull('download')['name'] }}",
        uid="{{ ti.xcom_pull('download')['uid'] }}",  # never one made anew under the name
        if_missing="fail",
    )

    delete_outdated = DataCubeDeleteOperator(
        task_id="delete_outdated",
        label_selector="keep={{ params.outdated }}",
        wait_for_completion=True,
        trigger_rule="all_done",
    )

    download >> delete_own >> delete_outdated


example_delete()
