"""A real Airflow of its own: SQLite, four processes, everything below one directory."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from demo.processes import DemoError, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

COMPONENTS = {
    "airflow-scheduler": ["scheduler", "--skip-serve-logs"],
    "airflow-dag-processor": ["dag-processor"],
    "airflow-triggerer": ["triggerer", "--skip-serve-logs"],
}
_END_STATES = ("success", "failed")
# Longer than the API server itself waits for SQLite's one writer.
_REQUEST_TIMEOUT_S = 90


@dataclass(frozen=True)
class Airflow:
    """Where it lives, what it runs, and how to talk to it."""

    home: Path
    dags: Path
    kubeconfig: Path
    workspace: Path
    port: int = field(default_factory=free_port)
    user: str = "admin"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)

    @property
    def url(self) -> str:
        """Address of UI and API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def _passwords(self) -> Path:
        return self.home / "passwords.json"

    def env(self) -> dict[str, str]:
        """Return the settings as environment variables."""
        connection = {
            "conn_type": "kubernetes",
            "extra": {"kube_config_path": str(self.kubeconfig), "namespace": "default"},
        }
        settings = {
            "API__BASE_URL": self.url,
            "API__SECRET_KEY": self.password[::-1],
            "API_AUTH__JWT_SECRET": self._jwt_secret,
            "CORE__DAGS_FOLDER": str(self.dags),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__PARALLELISM": "2",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._passwords),
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{self.user}:admin",
            # SQLite has one writer; by itself it lets the others wait for five seconds only.
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=60",
            "DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps(connection),
            "AIRFLOW_VAR_DATACUBE_WORKSPACE": str(self.workspace),
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        }

    @cached_property
    def _jwt_secret(self) -> str:
        return secrets.token_urlsafe(48)

    def prepare(self) -> None:
        """Make the directory and the file that holds the one login."""
        self.home.mkdir(parents=True)
        self._passwords.touch(mode=0o600)
        self._passwords.write_text(json.dumps({self.user: self.password}))

    def is_up(self) -> bool:
        """Tell whether the API server answers and its database is there."""
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=2)
        except httpx.TransportError:
            return False
        return answer.is_success

    @cached_property
    def _api(self) -> httpx.Client:
        login = {"username": self.user, "password": self.password}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=_REQUEST_TIMEOUT_S)
        token = answer.raise_for_status().json()["access_token"]
        return httpx.Client(
            base_url=f"{self.url}/api/v2/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_REQUEST_TIMEOUT_S,
        )

    def knows(self, dag_id: str) -> bool:
        """
        Tell whether the dag-processor has read the DAG yet.

        :raises DemoError: it has, and the file has an error.
        """
        errors = self._api.get("importErrors").raise_for_status().json()["import_errors"]
        if errors:
            raise DemoError("\n".join(str(error["stack_trace"]) for error in errors))
        return self._api.get(f"dags/{dag_id}").is_success

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> str:
        """Unpause the DAG, start a run of it and return the run's id."""
        self._api.patch(f"dags/{dag_id}", json={"is_paused": False}).raise_for_status()
        body = {"logical_date": None, "conf": dict(conf)}
        answer = self._api.post(f"dags/{dag_id}/dagRuns", json=body).raise_for_status()
        return str(answer.json()["dag_run_id"])

    def follow(self, dag_id: str, run_id: str) -> Iterator[tuple[str, str]]:
        """Yield (task, state) at each look; an end state of the run ends it."""
        run = f"dags/{dag_id}/dagRuns/{run_id}"
        ended = False
        while not ended:
            ended = self._api.get(run).raise_for_status().json()["state"] in _END_STATES
            tasks = self._api.get(f"{run}/taskInstances").raise_for_status().json()
            for task in sorted(tasks["task_instances"], key=lambda t: t["start_date"] or "~"):
                yield task["task_id"], task["state"] or "waiting"

    def log_of(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return the lines of a task's first try."""
        log = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/1"
        answer = self._api.get(log, headers={"Accept": "application/x-ndjson"}).raise_for_status()
        lines = [json.loads(line) for line in answer.text.splitlines() if line.strip()]
        return "\n".join(text for line in lines for text in _texts(line))


def _texts(line: Mapping[str, Any]) -> Iterator[str]:
    yield str(line.get("event", ""))
    for error in line.get("error_detail") or ():
        yield f"{error['exc_type']}: {error['exc_value']}"
