"""Transfers that fail, since nobody answers there: of one task, and of a mapped one."""

from __future__ import annotations

from airflow.sdk import dag

from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator

NOBODY = "http://127.0.0.1:1/team/code.git"


@dag(dag_id="page", schedule=None)
def page() -> None:
    DataCubeOperator(
        task_id="download",
        source=Git(url=NOBODY),
        sink=PVC("workspace", sub_path="code", size="1Gi"),
    )
    DataCubeOperator.partial(
        task_id="many",
        source=Git(url=NOBODY),
    ).expand(sink=[PVC("workspace", sub_path=f"part-{n}", size="1Gi") for n in range(2)])


page()
