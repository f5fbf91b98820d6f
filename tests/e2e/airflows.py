"""A real Airflow for a test: all its programs, and everything that it has written."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.airflow import COMPONENTS, Airflow
from demo.processes import Program, Programs, end_all, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Running:
    """One that runs; its database holds what it keeps in plain text."""

    airflow: Airflow
    programs: Programs
    env: Mapping[str, str]
    started: dict[str, Program]

    def start(self, name: str, *command: str) -> Program:
        """Start one of Airflow's programs."""
        program = self.programs.start(name, [str(BIN / "airflow"), *command], self.env)
        self.started[name] = program
        return program

    def ask(self, verb: str, path: str, **body: Any) -> Any:
        """
        Return what the REST API answers.

        SQLite has one writer. Two requests of one server can wait for each other, until the minute
        is over that one of them waits for the database; then it is asked again.
        """

        def answered() -> bool:
            answers.append(self.airflow._api.request(verb, path, json=body or None))
            return not answers[-1].is_server_error

        answers: list[httpx.Response] = []
        wait_until(answered, f"an answer to {verb} {path}", 120)
        return answers[-1].raise_for_status().json()

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the metadata database answers, after writing what there was to write."""
        with self._database() as db, db:
            return db.execute(query, values).fetchall()

    def connect(self, conn_id: str, **fields: Any) -> None:
        """Make a connection, as the page of connections does."""
        body = {"connection_id": conn_id, **fields}
        self.airflow._api.post("connections", json=body).raise_for_status()

    def tables(self) -> dict[str, str]:
        """Return what every table of the metadata database holds, but that of connections."""
        with self._database() as db:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
            names = [name for (name,) in db.execute(query) if name != "connection"]
            return {name: repr([*db.execute(f'SELECT * FROM "{name}"')]) for name in names}  # noqa: S608 - its own names

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with self._database() as db:
            (count,) = db.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608 - a table's name
        return int(count)

    def logs(self) -> list[Path]:
        """Return what the tasks wrote, and what was written about them."""
        return [*(self.airflow.home / "logs").rglob("*.log")]

    def program_logs(self) -> list[Path]:
        """Return what Airflow's own programs wrote."""
        return [*(self.airflow.home.parent / "logs").iterdir()]

    def heard_of_ends(self, **fields: object) -> int:
        """Return how many ends of a task's segment the scheduler has heard of, all or some."""
        log = self.airflow.home.parent / "logs/airflow-scheduler.log"
        _, *ends = log.read_text(errors="replace").split("TaskInstance Finished: ")
        wanted = [f"{name}={value}," for name, value in fields.items()]
        return sum(all(field in end.partition("\n")[0] for field in wanted) for end in ends)

    def _database(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=30))


@contextmanager
def running(
    home: Path, dags: Path, kubeconfig: Path, settings: Mapping[str, str]
) -> Iterator[Running]:
    """Start one below ``home``, and end all of its processes."""
    airflow = Airflow(home / "airflow", dags, kubeconfig, home)
    programs = Programs(
        home, {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home), "PYTHONPATH": str(ROOT)}
    )
    airflow.prepare()
    env = {**airflow.env(), **{f"AIRFLOW__{name}": value for name, value in settings.items()}}
    server = ["api-server", "--host", "127.0.0.1", "--port", str(airflow.port), "--workers", "1"]
    commands = {**COMPONENTS, "airflow-api-server": server}
    it = Running(airflow, programs, env, {})
    try:
        programs.run("airflow-db", [str(BIN / "airflow"), "db", "migrate"], env)
        for name, command in commands.items():
            it.start(name, *command)
        wait_until(airflow.is_up, "Airflow's API server", 180, [*it.started.values()])
        with airflow._api:
            yield it
    finally:
        end_all(home)
        for program in it.started.values():
            program.process.wait()
