from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datacube._page.rows import Row, row_of

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = {"dag_id": "train", "run_id": "manual__1", "task_id": "download", "map_index": "-1"}


@pytest.fixture
def cube() -> dict[str, Any]:
    """A DataCube that a task made, and whose status a controller has not written yet."""
    marks = {f"airflow-provider-datacube/{key}": value for key, value in IDS.items()}
    url = {"name": "url", "value": "https://git.example.org/a/repo.git"}
    return {
        "metadata": {
            "namespace": "ml",
            "name": "weights",
            "uid": "u-1",
            "resourceVersion": "7",
            "creationTimestamp": "2026-11-25T10:00:00Z",
            "annotations": marks,
        },
        "spec": {
            "source": {"type": "git", "options": [url]},
            "sink": {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}},
            "executor": {"options": {"backoffLimit": 2}},
        },
    }


@pytest.fixture
def row(cube: dict[str, Any]) -> Callable[..., Row]:
    def row(uid: str, **fields: Any) -> Row:
        made = row_of("k8s", {**cube, "metadata": {**cube["metadata"], "uid": uid}})
        return {**made, **fields}  # type: ignore[typeddict-item]  # of a row

    return row
