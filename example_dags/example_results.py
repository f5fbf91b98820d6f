"""What a transfer hands on: a task reads the result, another DAG runs when there is new data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import dag, task

from airflow_provider_datacube.models import PVC, HuggingFace
from airflow_provider_datacube.operators.datacube import DataCubeOperator

if TYPE_CHECKING:
    from airflow_provider_datacube.models import Transferred


@task
def report(made: Transferred) -> str:
    """Say what there is now, and where."""
    size = f"{made['files']} files, {made['bytes']} bytes"
    took = made["durations"]["transfer"]
    return f"{made['sink']} is {made['source']} at {made['revision']}: {size}, {took} s"


@dag(schedule=None, tags=["datacube", "example"])
def example_results() -> None:
    """Download a model and report what came of it."""
    download = DataCubeOperator(
        task_id="download",
        source=HuggingFace(repo="org/model"),
        sink=PVC("workspace", sub_path="model", size="10Gi"),
        deferrable=True,
    )
    report(download.output)


example_results()
