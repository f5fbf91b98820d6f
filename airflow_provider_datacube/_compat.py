"""
What stands in one place in Airflow 3.1 and in another in 3.3: the only module that knows.

Most of it the common-compat provider knows already, which every Airflow brings along.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    conf,
)
from airflow.sdk.bases.xcom import BaseXCom

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "BaseXCom",
    "conf",
]
