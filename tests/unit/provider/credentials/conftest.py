from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Connection

from airflow_provider_datacube._credentials.connections import held_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datacube._credentials.connections import Held


@pytest.fixture
def held() -> Callable[..., Held]:
    """Make an Airflow connection of these fields, and return what it holds for a service."""

    def read(kind: str | None, conn_type: str, **fields: Any) -> Held:
        extra = json.dumps(fields.pop("extra", {}))
        conn = Connection(conn_id="c", conn_type=conn_type, extra=extra, **fields)
        return held_by("c", kind, lambda _: conn)

    return read
