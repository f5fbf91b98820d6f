"""What Airflow's configuration decides: read where a DAG's process imports the class."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest


def load_anew(name: str, module: str) -> Any:
    """Return a class of a fresh copy of its module."""
    spec = importlib.util.find_spec(f"airflow_provider_datacube.{module}.datacube")
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return getattr(copy, name)


@pytest.mark.parametrize("configured", [None, True, False])
@pytest.mark.parametrize(
    ("name", "module", "arguments"),
    [
        ("DataCubeOperator", "operators", {"manifest": "cube.yaml"}),
        ("DataCubeSensor", "sensors", {"name": "x"}),
    ],
)
def test_airflows_configuration_says_whether_a_task_defers(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    module: str,
    arguments: dict[str, Any],
    *,
    configured: bool | None,
) -> None:
    if configured is not None:
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", str(configured))
    made = load_anew(name, module)
    assert made(task_id="a", **arguments).deferrable is bool(configured)
    other = not configured
    assert made(task_id="b", deferrable=other, **arguments).deferrable is other
