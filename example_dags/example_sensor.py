"""
Wait for DataCubes that somebody else makes: another DAG, another team, kubectl.

The sensors wait deferred: they hold no worker slot, and see the end of a transfer at once. One that
does not exist yet is looked for every ``poke_interval`` seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from airflow_provider_datacube.sensors.datacube import DataCubeSensor


@dag(
    schedule=None,
    tags=["datacube", "example"],
    params={"model": "nightly-model", "team": "ml"},
)
def example_sensor() -> None:
    """Report on a model and on all data sets of a team, as soon as they are there."""
    model = DataCubeSensor(
        task_id="model",
        name="{{ params.model }}",
        deferrable=True,
        poke_interval=5,
        timeout=timedelta(hours=6),
    )

    datasets = DataCubeSensor(
        task_id="datasets",
        label_selector="team={{ params.team }},kind=dataset",
        match="all",  # or "any"
        deferrable=True,
        poke_interval=5,
        timeout=timedelta(hours=6),
        soft_fail=True,  # none in time: skip, as any sensor does
    )

    @task
    def report(model: dict[str, Any], datasets: list[dict[str, Any]]) -> list[str]:
        """Tell where everything is: claims and directories."""
        return [f"{cube['pvc']}/{cube['sub_path']}" for cube in (model, *datasets)]

    report(model.output, datasets.output)


example_sensor()
