"""The operator in Airflow itself: `dag.test()`, over SQLite, against the embedded cluster."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAG = Path(__file__).with_name("dags") / "transfers.py"


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("controller")
def test_a_dag_of_transfers_runs(airflow: dict[str, str], cluster: Any) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:airflow_provider_datacube", str(DAG)],
        env=airflow,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said[-5000:]
    cubes = {c["metadata"]["name"]: c for c in cluster.list("default")}
    made = dict(re.findall(r"made default (\S+) (\S+) {'revision': 'abc'}", said))
    assert made.keys() == cubes.keys(), said[-5000:]
    assert sorted(made.values())[:3] == ["a-x", "m-0", "m-1"]
    options = cubes["from-a-file"]["spec"]["source"]["options"]
    assert [o["value"] for o in options] == ["a/b", "config.yaml"]
    assert cubes["from-a-file"]["metadata"]["labels"]["team"] == "ml"
    mapped = [c["metadata"]["labels"].get("map_index") for c in cubes.values()]
    assert sorted(filter(None, mapped)) == ["0", "1"]
