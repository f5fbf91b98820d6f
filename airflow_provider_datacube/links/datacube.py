"""
A button in the UI that opens the DataCube in whatever dashboard the cluster has.

Where that is, only the site knows: ``[datacube] link_url`` in Airflow's configuration. Airflow asks
for the link on the worker after each segment of the task, so it is there while the task waits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from airflow_provider_datacube._compat import BaseXCom, conf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

XCOM_KEY = "datacube"
"""Where the operator writes down which DataCube it is."""

_FIELDS: Final = ("namespace", "name", "uid")
_FIELD: Final = re.compile(rf"\{{({'|'.join(_FIELDS)})\}}")
_ADDRESS: Final = re.compile(r"https?://[^/?#{}\s@]+(?:[/?#]|$)", re.IGNORECASE)


class DataCubeLink(BaseOperatorLink):
    """Link to the DataCube of a task; no link where ``[datacube] link_url`` is not set."""

    name = "DataCube"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the address of the DataCube's page."""
        template = conf.get("datacube", "link_url", fallback="").strip()
        if not template:
            return ""
        made = BaseXCom.get_one(
            key=XCOM_KEY,
            dag_id=ti_key.dag_id,
            task_id=ti_key.task_id,
            run_id=ti_key.run_id,
            map_index=ti_key.map_index,
        )
        return filled_in(template, made) if isinstance(made, dict) else ""


def filled_in(template: str, made: Mapping[str, str]) -> str:
    """
    Return the URL with ``{namespace}``, ``{name}`` and ``{uid}`` put in, escaped.

    Nothing where it is no http or https address of a host that is written out: a browser would run
    what ``javascript:`` says.
    """
    if not _ADDRESS.match(template):
        return ""
    put_in = {field: quote(str(made.get(field, "")), safe="") for field in _FIELDS}
    return _FIELD.sub(lambda found: put_in[found[1]], template)
