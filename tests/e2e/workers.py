"""A try of a task in a process of its own, as a worker runs it, against the real services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = """
import json, os, signal, sys
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from tests.task_instances import TaskInstance

class Killing:
    def provide(self, *_):
        os.kill(os.getpid(), signal.SIGKILL)

given = json.loads(sys.argv[1])
if given.pop("dies"):
    DataCubeOperator.secret_hook = Killing()
ti = TaskInstance(**given.pop("ti"))
task = DataCubeOperator(task_id=ti.task_id, kubernetes_conn_id="k8s", **given)
print(json.dumps(task.execute({"ti": ti})))
"""


@dataclass
class Worker:
    """A place where tries run: the Airflow connections that are known there."""

    home: Path
    kubeconfig: Path
    connections: dict[str, Any] = field(default_factory=dict)

    def run(
        self, ti: dict[str, Any], *, dies: bool = False, **task: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a try to its end; one that ``dies`` is killed before it makes the Secret."""
        extra = {"kube_config_path": str(self.kubeconfig)}
        known = {**self.connections, "k8s": {"conn_type": "kubernetes", "extra": extra}}
        env = {
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(conn) for name, conn in known.items()},
        }
        given = json.dumps({"ti": ti, "dies": dies, **task})
        command = [sys.executable, "-c", _SCRIPT, given]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)
