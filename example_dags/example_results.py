"""What a transfer hands on: a task reads the result, another DAG runs when there is new data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import AssetAlias, dag, task

from airflow_provider_datacube.assets.datacube import asset_of
from airflow_provider_datacube.models import PVC, HuggingFace
from airflow_provider_datacube.operators.datacube import DataCubeOperator

if TYPE_CHECKING:
    from airflow_provider_datacube.models import Transferred

MODEL = PVC("workspace", sub_path="model", size="10Gi")


@task
def report(made: Transferred) -> str:
    """Say what there is now, and where."""
    size = f"{made['files']} files, {made['bytes']} bytes"
    took = made["durations"]["transfer"]
    return f"{made['sink']} is {made['source']} at {made['revision']}: {size}, {took} s"


@dag(schedule=None, tags=["datacube", "example"])
def example_results() -> None:
    """Download a model, report what came of it, and tell whoever is scheduled on it."""
    download = DataCubeOperator(
        task_id="download",
        source=HuggingFace(repo="org/model"),
        sink=MODEL,
        outlets=[AssetAlias("models")],
        deferrable=True,
    )
    report(download.output)


@dag(schedule=[asset_of(MODEL, namespace="default")], tags=["datacube", "example"])
def example_results_used() -> None:
    """Run whenever a transfer has written to the directory of the model."""

    @task
    def evaluate() -> str:
        """Do something with the new model."""
        return "as good as the last one"

    evaluate()


example_results()
example_results_used()
