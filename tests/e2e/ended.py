"""The runs of ``dags_ended``, and what a test sees of their tasks and DataCubes."""

from __future__ import annotations

import signal
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from airflow_provider_datacube._holding import HELD_BY
from datacube_api.reference import CubeRef, collection
from demo.processes import wait_until
from tests.e2e.conftest import NAMESPACE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.processes import Program
    from tests.e2e.airflows import Running
    from tests.e2e.conftest import Cluster

DAGS = Path(__file__).with_name("dags_ended")
QUICK = {
    "CORE__PARALLELISM": "12",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}


@dataclass
class Runs:
    """One run of each DAG."""

    airflow: Running
    cluster: Cluster
    ids: dict[str, str] = field(default_factory=dict)
    conf: dict[str, str] = field(default_factory=dict)

    def start(self, *dag_ids: str) -> None:
        wait_until(lambda: all(map(self.airflow.airflow.knows, dag_ids)), "reading the DAGs", 120)
        for dag_id in dag_ids:
            self.ids[dag_id] = self.airflow.airflow.trigger(dag_id, self.conf)

    def tasks(self, dag_id: str) -> dict[str, dict[str, Any]]:
        """Return what Airflow says of each task."""
        run = f"dags/{dag_id}/dagRuns/{self.ids[dag_id]}"
        told = self.airflow.ask("GET", f"{run}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in told}

    def reaches(self, dag_id: str, task_id: str, *states: str, number: int = 1) -> dict[str, Any]:
        """Return the task once its try of that number is in one of the states."""

        def look() -> Any:
            task = self.tasks(dag_id)[task_id]
            return task if (task["state"], task["try_number"]) in wanted else None

        wanted = [(state, number) for state in states]
        try:
            task: dict[str, Any] = until(look, 90)
        except AssertionError as error:
            now = self.tasks(dag_id)[task_id]
            error.add_note(f"{now['state']}, try {now['try_number']}\n{self.log(dag_id, task_id)}")
            raise
        return task

    def waits(self, dag_id: str, task_id: str, number: int = 1) -> CubeRef:
        """Return the one DataCube that a task waits for, held by its try of that number."""
        state = "deferred" if task_id.endswith("deferred") else "running"
        task = self.reaches(dag_id, task_id, state, number=number)

        def look() -> CubeRef | None:
            held = [CubeRef.of(c) for c in self.cubes(dag_id, task_id) if holder(c) == task["id"]]
            return held[0] if held else None

        found: CubeRef = until(look)
        if state == "deferred":  # a trigger that has not begun hears of nothing
            begun = f"/{task_id}/-1/{number} "
            until(lambda: f"{begun}(ID" in self.log(dag_id, task_id), 60)
            self._hears_of_the_deferral(dag_id, task_id, number)
        return found

    def _hears_of_the_deferral(self, dag_id: str, task_id: str, number: int) -> None:
        """Wait for the scheduler: of a task that is queued again before, it says that it failed."""
        run = {"dag_id": dag_id, "task_id": task_id, "run_id": self.ids[dag_id]}
        until(lambda: self.airflow.heard_of_ends(**run, try_number=number), 60)

    def mark(self, dag_id: str, task_id: str, state: str) -> None:
        run = f"dags/{dag_id}/dagRuns/{self.ids[dag_id]}"
        self.airflow.ask("PATCH", f"{run}/taskInstances/{task_id}", new_state=state)

    def mark_run(self, dag_id: str, state: str) -> None:
        self.airflow.ask("PATCH", f"dags/{dag_id}/dagRuns/{self.ids[dag_id]}", state=state)

    def clear(self, dag_id: str, *task_ids: str) -> None:
        wanted = {"dag_run_id": self.ids[dag_id], "task_ids": task_ids, "only_failed": False}
        self.airflow.ask("POST", f"dags/{dag_id}/clearTaskInstances", dry_run=False, **wanted)

    def cubes(self, dag_id: str, task_id: str) -> list[dict[str, Any]]:
        """Return the DataCubes of a task that nobody deletes."""
        selector = f"dag_id={dag_id},task_id={task_id}"
        found = self.cluster.cubes.list_namespaced_custom_object(
            **collection(NAMESPACE), label_selector=selector
        )
        return [c for c in found["items"] if not c["metadata"].get("deletionTimestamp")]

    def pods(self, ref: CubeRef) -> list[Any]:
        selector = f"tensorstack.dev/datacube={ref.name}"
        listed: list[Any] = self.cluster.core.list_namespaced_pod(
            NAMESPACE, label_selector=selector
        ).items
        return listed

    def is_there(self, ref: CubeRef) -> bool:
        """Tell whether this very DataCube is there."""
        cubes = self.cluster.cubes.list_namespaced_custom_object(**collection(NAMESPACE))["items"]
        living = [c for c in cubes if not c["metadata"].get("deletionTimestamp")]
        return ref in map(CubeRef.of, living)

    def is_gone(self, ref: CubeRef) -> bool:
        """Tell whether nothing is left of a transfer."""
        return not self.is_there(ref) and not self.pods(ref)

    def open(self, gate: str) -> None:
        body = {"metadata": {"name": gate}, "data": {"open": "yes"}}
        self.cluster.core.create_namespaced_config_map(NAMESPACE, body)

    def log(self, dag_id: str, task_id: str) -> str:
        """Return what the tries of a task wrote, and their triggers."""
        folder = self.airflow.airflow.home / "logs" / f"dag_id={dag_id}"
        logs = sorted(folder.rglob(f"task_id={task_id}/*.log*"))
        return "".join(log.read_text(errors="replace") for log in logs)

    def triggerers(self) -> list[int]:
        """Return the ids of the triggerers that are alive, the oldest first."""
        query = "SELECT id FROM job WHERE job_type = 'TriggererJob' AND state = 'running'"
        return sorted(id_ for (id_,) in self.airflow.rows(query))

    def hand_over(self, task_id: str, triggerer: int) -> None:
        """Give the trigger of a task to a triggerer, as Airflow does after a missed heartbeat."""
        self.airflow.rows(
            "UPDATE trigger SET triggerer_id = ? WHERE id = "
            "(SELECT trigger_id FROM task_instance WHERE dag_id = 'moved' AND task_id = ?)",
            *(triggerer, task_id),
        )

    def triggerer_of(self, task_id: str) -> int | None:
        """Return who has the trigger of a task."""
        query = (
            "SELECT triggerer_id FROM trigger WHERE id = "
            "(SELECT trigger_id FROM task_instance WHERE dag_id = 'moved' AND task_id = ?)"
        )
        found = self.airflow.rows(query, task_id)
        return found[0][0] if found else None


def holder(cube: dict[str, Any]) -> str:
    return str(cube["metadata"]["annotations"].get(HELD_BY))


def kill(program: Program) -> None:
    """Kill a program and what it has started, with no time for a last word."""
    family = psutil.Process(program.process.pid)
    for process in (family, *family.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    program.process.wait()


def terminate(program: Program) -> None:
    """End a program as Kubernetes does: it has thirty seconds."""
    program.process.terminate()
    program.process.wait(30)


@contextmanager
def silent() -> Iterator[str]:
    """Give the address of a server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/never.git"
