"""
What stands in one place in Airflow 3.1 and in another in 3.3: the only module that knows.

Most of it the common-compat provider knows already, which every Airflow brings along. The rest is
found out by looking whether it is there, never from a version.
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
from airflow.triggers.base import BaseTrigger

TRIGGERS_ARE_KILLED = hasattr(BaseTrigger, "on_kill")
"""Whether Airflow tells a trigger that its task was ended, and not only that it itself is (3.3)."""

__all__ = [
    "TRIGGERS_ARE_KILLED",
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
