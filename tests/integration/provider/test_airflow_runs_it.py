"""The operator in Airflow itself: `dag.test()`, over SQLite, against the embedded cluster."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.reference import CubeRef

if TYPE_CHECKING:
    from collections.abc import Iterator

DAG = Path(__file__).with_name("dags") / "transfers.py"
DONE = {
    "conditions": [{"type": "Complete", "status": "True", "reason": "TransferSucceeded"}],
    "result": {"revision": "abc"},
}


@pytest.fixture
def airflow(tmp_path: Path, conn_id: str) -> dict[str, str]:
    """The environment of an Airflow of its own, with a migrated database."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG.parent),
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"],
        "AIRFLOW__DATACUBE__LINK_URL": "https://d.example.org/{namespace}/{name}",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, env=env, check=True, capture_output=True, timeout=120)
    return env


@pytest.fixture
def controller(cluster: Any) -> Iterator[None]:
    """Write a happy end under every DataCube that appears."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.2):
            for cube in cluster.list("default"):
                if "status" not in cube:
                    cluster.set_status(CubeRef.of(cube), DONE)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


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
