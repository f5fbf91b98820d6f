"""What the README shows is what runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from datacube_api.models import DataCube, Direction

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found, language
    return found[1]


def test_the_dag_is_a_dag(tmp_path: Path) -> None:
    ask = "dag = fetch_model(); print(dag.dag_id, *dag.task_dict)"
    code = block("python").replace("\nfetch_model()\n", f"\n{ask}\n")
    assert ask in code
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split()[-2:] == ["fetch_model", "download"], done.stderr


def test_the_manifest_is_one() -> None:
    cube = DataCube.from_manifest(yaml.safe_load(block("yaml")))
    assert cube.spec.direction is Direction.DOWNLOAD


def test_the_commands_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "demo-stop"} <= targets
    assert set(re.findall(r"make ([a-z-]+)", README)) <= targets
