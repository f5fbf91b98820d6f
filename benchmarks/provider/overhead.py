"""
What a task takes round a transfer that takes nothing, and where the time goes.

A real Airflow with all its programs, the embedded cluster, and a Git repository that is in the
volume already. Each run of the DAG has a task that does nothing, for what Airflow itself takes, and
two that transfer: waiting in the worker, and deferred. Durations are those between the first and
the last line of the task's log; who looks on notes when the cluster's objects change.

    python benchmarks/provider/overhead.py --rounds 10    # three minutes
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from datacube_api.reference import collection
from datacube_api.status import Phase, evaluate
from demo.git_server import GitServer
from demo.processes import wait_until
from demo.repositories import AUTHOR, make_repositories
from tests.e2e.airflows import Running, running
from tests.e2e.conftest import NAMESPACE, Cluster, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAG = """
from airflow.sdk import dag, task
from airflow_provider_datacube.models import PVC, Git, SecretRef
from airflow_provider_datacube.operators.datacube import DataCubeOperator

@task
def nothing(): pass

@dag(schedule=None, max_active_tasks=1)
def overhead():
    ends = {"source": Git(url="URL", ref="v1.0", token=SecretRef("git-token", "token")),
            "sink": PVC("data", size="1Gi")}
    waiting = DataCubeOperator(task_id="waiting", **ends)
    nothing() >> waiting >> DataCubeOperator(task_id="deferred", deferrable=True, **ends)

overhead()
"""
TASKS = ("nothing", "waiting", "deferred")
STEPS = ("task begins", "DataCube is made", "Job is made", "pod is made", "pod runs",
         "pod has ended", "DataCube is complete", "task ends")  # fmt: skip
LABEL = "tensorstack.dev/datacube"


class Onlooker:
    """Notes when what becomes of each DataCube is told to a watch."""

    def __init__(self, cluster: Cluster) -> None:
        self.seen: dict[str, dict[str, float]] = defaultdict(dict)
        looks = (
            (cluster.cubes.list_namespaced_custom_object, collection(NAMESPACE), self._cube),
            (cluster.batch.list_namespaced_job, {"namespace": NAMESPACE}, self._job),
            (cluster.core.list_namespaced_pod, {"namespace": NAMESPACE}, self._pod),
        )
        for verb, where, take in looks:
            threading.Thread(target=self._watch, args=(verb, where, take), daemon=True).start()

    def _watch(self, verb: Any, where: Mapping[str, str], take: Any) -> None:
        with suppress(HTTPError):  # the cluster is ended while it is watched
            for event in Watch().stream(verb, **where):
                take(event["raw_object"], time.time())

    def _cube(self, cube: dict[str, Any], now: float) -> None:
        marks = self.seen[cube["metadata"]["name"]]
        marks.setdefault("DataCube is made", now)
        if evaluate(cube.get("status")).phase is Phase.SUCCEEDED:
            marks.setdefault("DataCube is complete", now)

    def _job(self, job: dict[str, Any], now: float) -> None:
        self.seen[job["metadata"]["labels"][LABEL]].setdefault("Job is made", now)

    def _pod(self, pod: dict[str, Any], now: float) -> None:
        marks = self.seen[pod["metadata"]["labels"][LABEL]]
        marks.setdefault("pod is made", now)
        phase = pod.get("status", {}).get("phase")
        if phase in ("Running", "Succeeded"):
            marks.setdefault("pod runs", now)
        if phase == "Succeeded":
            marks.setdefault("pod has ended", now)


def main() -> None:
    """Run the DAG, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        home = Path(directory)
        token = "token-of-the-benchmark"  # noqa: S105 - of a server that lives for this run
        with started(home / "cluster") as (cluster, _), GitServer(home / "git", token) as server:
            make_repositories(home / "git", {**AUTHOR, "PATH": "/usr/bin:/bin"})
            cluster.secret("git-token", token=token)
            dags = home / "dags"
            dags.mkdir()
            url = f"{server.url}/upstream/handbook.git"
            (dags / "overhead.py").write_text(DAG.replace("URL", url))
            with running(home, dags, cluster.kubeconfig, {}) as airflow:
                report(measured(airflow, Onlooker(cluster), rounds))


def measured(
    airflow: Running, onlooker: Onlooker, rounds: int
) -> dict[str, list[dict[str, float]]]:
    """Return the marks of each run of each task; the first run, which clones, does not count."""
    wait_until(lambda: airflow.airflow.knows("overhead"), "the DAG", 120)
    marks: dict[str, list[dict[str, float]]] = {task: [] for task in TASKS}
    for number in range(rounds + 1):
        known = set(onlooker.seen)
        run = airflow.airflow.trigger("overhead", {})
        states = dict(airflow.airflow.follow("overhead", run))
        if set(states.values()) != {"success"}:
            raise SystemExit(f"{states}")
        names = sorted(set(onlooker.seen) - known,
                       key=lambda name: onlooker.seen[name]["DataCube is made"])  # fmt: skip
        for task, name in zip(TASKS, ["", *names], strict=True):
            if number:
                marks[task].append({**times(airflow, run, task), **onlooker.seen.get(name, {})})
    return marks


def times(airflow: Running, run: str, task: str) -> dict[str, float]:
    """Return when the first and the last line of a task's log were written."""
    found = [path for path in airflow.logs() if f"run_id={run}" in str(path)
             and f"task_id={task}/" in str(path) and path.name == "attempt=1.log"]  # fmt: skip
    lines = [*_times(found[0])]
    return {"task begins": min(lines), "task ends": max(lines)}


def _times(log: Path) -> Iterator[float]:
    for line in log.read_text().splitlines():
        if line.startswith("{"):
            yield datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()


def report(marks: Mapping[str, list[dict[str, float]]]) -> None:
    """Print how long each kind of task took, and each step of it."""
    for task, runs in marks.items():
        total = [run["task ends"] - run["task begins"] for run in runs]
        print(f"\n{task}: {statistics.median(total):.2f} s "
              f"({min(total):.2f} to {max(total):.2f}, {len(runs)} runs)")  # fmt: skip
        steps = [step for step in STEPS if step in runs[0]]
        for before, after in itertools.pairwise(steps):
            took = statistics.median(run[after] - run[before] for run in runs)
            print(f"  {before + ' → ' + after:44}{took:6.2f} s")


if __name__ == "__main__":
    main()
