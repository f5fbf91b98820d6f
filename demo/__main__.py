"""
``make demo``: the main job, end to end, on this machine.

Starts a Git server, a hub and an S3 store that demand credentials, the embedded cluster and a real
Airflow, all on 127.0.0.1 and on free ports; runs the example DAGs, shows what happens, and ends
everything again. Everything that is written is below ``.demo``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from demo.airflow import COMPONENTS, Airflow
from demo.cluster import create_secret
from demo.pipeline import DATASET, MODEL, RESULT, Store, make_model
from demo.processes import DemoError, Program, Programs, end_all, processes_of, wait_until
from demo.repositories import AUTHOR, SINK, SOURCE, TAG, arrived, make_repositories
from demo.services import Services

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".demo"
GIT_DAG, ML_DAG = "example_git_to_git", "example_ml_pipeline"
BIN = Path(sys.executable).parent
_RUN_TIMEOUT_S = 180


def main() -> int:
    """Run or stop the demo; 0 only if the result arrived."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.partition("\n\n")[0])
    parser.add_argument("action", choices=["run", "stop"])
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    arguments = parser.parse_args()
    if arguments.action == "stop":
        print(f"ended {end_all(HOME)} processes")
        return 0
    if processes_of(HOME):
        print("a demo is running already: `make demo-stop` ends it", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    with _ended(unless=arguments.keep):
        return Demo().run(keep=arguments.keep)


@contextmanager
def _ended(*, unless: bool) -> Iterator[None]:
    """End every process at the end; those of a finished demo may be left running."""
    keep = False
    try:
        yield
        keep = unless
    except DemoError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if not keep:
            end_all(HOME)


class Demo:
    """One run: what was started, and since when."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        shutil.rmtree(HOME, ignore_errors=True)
        for name in ("home", "tmp", "git"):
            (HOME / name).mkdir(parents=True)
        tempfile.tempdir = str(HOME / "tmp")
        self._env = {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(HOME / "home"),
            "TMPDIR": str(HOME / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            **AUTHOR,
        }
        self._programs = Programs(HOME, self._env)
        self._services = Services(HOME, self._programs, ROOT)
        data = HOME / "cluster"
        self._kubeconfig = data / "kubeconfig"
        self._airflow = Airflow(
            HOME / "airflow",
            ROOT / "example_dags",
            self._kubeconfig,
            data / "volumes/default/workspace",
        )

    def run(self, *, keep: bool) -> int:
        """Do it all; return the exit code."""
        make_repositories(HOME / "git", self._env)
        self._services.start()
        cluster = self._start_cluster()
        airflow = self._start_airflow()
        store = self._fill_services()
        self._wait_for_cluster(cluster)
        self._wait_for_airflow(airflow)
        shown = self._show_git() and self._show_pipeline(store)
        if not shown:
            print(f"\nNothing usable arrived; logs are in {HOME / 'logs'}")
            return 1
        self._say("Done")
        if keep:
            self._say_how_to_look()
        return 0

    def _show_git(self) -> bool:
        """Run the first DAG; tell whether its result arrived, and show it."""
        url = self._services.git_url
        urls = {"source_url": f"{url}/{SOURCE}", "sink_url": f"{url}/{SINK}"}
        succeeded = self._run_dag(GIT_DAG, {**urls, "ref": TAG})
        return succeeded and self._show(f"{url}/{SINK}", arrived(HOME / "git", self._env))

    def _show_pipeline(self, store: Store) -> bool:
        """Run the second DAG; tell whether its result arrived, and show it."""
        places = {"model": MODEL, "dataset": DATASET, "result": RESULT}
        succeeded = self._run_dag(ML_DAG, {**places, "hub": self._services.hub_url})
        return succeeded and self._show(RESULT, store.arrived())

    def _show(self, place: str, result: str | None) -> bool:
        if result is None:
            return False
        print(f"\nArrived in {place}:\n")
        print("\n".join(f"    {line}" for line in result.splitlines()) + "\n")
        return True

    def _say(self, what: str, more: str = "") -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {what:<24} {more}".rstrip(), flush=True)

    def _start_cluster(self) -> Program:
        command = [str(BIN / "datacube-local"), "start", "--data-dir", str(HOME / "cluster")]
        return self._programs.start("datacube-local", command, {})

    def _start_airflow(self) -> list[Program]:
        airflow = str(BIN / "airflow")
        self._airflow.prepare()
        self._say("Airflow", "making its database …")
        env = self._airflow.env()
        self._programs.run("airflow-db", [airflow, "db", "migrate"], env)
        self._say("Airflow", "starting scheduler, dag-processor, triggerer and API server …")
        server = ["api-server", "--host", "127.0.0.1", "--port", str(self._airflow.port)]
        commands = {**COMPONENTS, "airflow-api-server": [*server, "--workers", "1"]}
        return [self._programs.start(n, [airflow, *c], env) for n, c in commands.items()]

    def _fill_services(self) -> Store:
        """Wait for the three servers, and put there what the DAGs start from."""
        services = self._services
        self._say("Git server is up", services.git_url)
        make_model(services.hub_url, services.hub_token)
        self._say("Hub is up", services.hub_url)
        store = Store(services.s3_url, *services.s3_key, self._env)
        store.make_dataset()
        self._say("S3 store is up", services.s3_url)
        return store

    def _wait_for_cluster(self, cluster: Program) -> None:
        wait_until(
            lambda: "ready: KUBECONFIG=" in cluster.log.read_text(), "The cluster", 30, [cluster]
        )
        made = self._services.secrets()
        for name, values in made.items():
            create_secret(self._kubeconfig, name, values)
        self._say("Embedded cluster is up", f"Secrets {', '.join(made)} created")

    def _wait_for_airflow(self, airflow: list[Program]) -> None:
        wait_until(self._airflow.is_up, "Airflow's API server", 120, airflow)
        knows = self._airflow.knows
        wait_until(lambda: knows(GIT_DAG) and knows(ML_DAG), "Reading the DAGs", 120, airflow)
        self._say("Airflow is up", self._airflow.url)

    def _run_dag(self, dag: str, params: Mapping[str, str]) -> bool:
        run = self._airflow.trigger(dag, params)
        self._say("DAG run", f"{dag} {run}")
        states: dict[str, str] = {}
        deadline = time.monotonic() + _RUN_TIMEOUT_S
        for task, state in self._airflow.follow(dag, run):
            if states.get(task, "waiting") != state:
                self._say("", f"{task:<16} {state}")
            states[task] = state
            if time.monotonic() > deadline:
                raise DemoError(f"the DAG run took longer than {_RUN_TIMEOUT_S} seconds")
        print("\nTasks:  " + ", ".join(f"{task} {state}" for task, state in states.items()))
        for task in (task for task, state in states.items() if state == "failed"):
            print(f"\nLog of {task}:\n{self._airflow.log_of(dag, run, task)}")
        return set(states.values()) == {"success"}

    def _say_how_to_look(self) -> None:
        airflow = self._airflow
        print(f"""
Everything is left running:

    Airflow      {airflow.url}   login {airflow.user} / {airflow.password}
    kubeconfig   {os.path.relpath(self._kubeconfig)}
    kubectl      KUBECONFIG={os.path.relpath(self._kubeconfig)} .venv/bin/kubectl get datacubes
    logs         {os.path.relpath(HOME / "logs")}

`make demo-stop` ends it.""")


if __name__ == "__main__":
    sys.exit(main())
