"""The types that DAG authors lean on, judged by mypy as their editor does it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(180)  # where mypy has no cache yet
def test_a_typed_dag_passes_mypy_strict_and_its_mistakes_are_found() -> None:
    # --strict warns of an ignore that nothing needs: a mistake that is not found is an error.
    dag = ROOT / "tests/contract/typing/typed_dag.py"
    command = [sys.executable, "-m", "mypy", "--strict", str(dag)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
