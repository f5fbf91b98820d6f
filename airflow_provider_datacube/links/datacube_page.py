"""
A button of the task in the UI that opens its DataCube on the page of DataCubes.

The address is made on the worker, as that of every link, and holds no more than the identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

from airflow_provider_datacube._compat import BaseXCom, conf
from airflow_provider_datacube.links.datacube import XCOM_KEY

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

_PATH = "/plugin/datacubes"
_IDENTITY = ("namespace", "name", "uid")


class DataCubePageLink(BaseOperatorLink):
    """Link to the details of a task's DataCube, in Airflow's own UI."""

    name = "DataCube page"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the address of the details; none where the task has made no DataCube yet."""
        made = BaseXCom.get_one(
            key=XCOM_KEY,
            dag_id=ti_key.dag_id,
            task_id=ti_key.task_id,
            run_id=ti_key.run_id,
            map_index=ti_key.map_index,
        )
        if not isinstance(made, dict):
            return ""
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        return f"{base}{_PATH}?{urlencode({f: made.get(f, '') for f in _IDENTITY})}"
