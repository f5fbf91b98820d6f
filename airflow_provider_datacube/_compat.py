"""
What stands in one place in Airflow 3.1 and in another in 3.3: the only module that knows.

Most of it the common-compat provider knows already, which every Airflow brings along.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    conf,
    redact,
)
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.log import mask_secret

__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTimeout",
    "BaseXCom",
    "conf",
    "mask_secret",
    "redact",
]
