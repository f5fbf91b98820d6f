"""
``make test-compose``: what docker-compose.yaml runs, without containers, to the end of a pipeline.

Each service is started by its own command, in its own environment, in the order of the file, and
found healthy by its own check. In place of containers there is one mount namespace: the places of
volumes and the names of services are made there, so this takes root. In place of k3s there is the
embedded cluster, behind a gate that gives Airflow's account the rights that it would have there,
and PostgreSQL is the one of Debian. Images are what this cannot show.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from demo import setup
from demo.processes import wait_until
from tests.rights.building import DEPLOY, build
from tests.rights.gate import gate
from tests.rights.judging import Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.rights.gate import Gate

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())[
    "services"
]
SECRETS = ROOT / "deploy/compose/secrets"
DAG = "example_ml_pipeline"
LIVE = ("airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
LOOPBACK = "127.0.0.1"
API = f"http://{LOOPBACK}:8080"
_START_S, _RUN_S = 180, 240


@dataclass(frozen=True)
class Stage:
    """Where everything happens: one directory, and the ends of what was started."""

    home: Path
    stack: ExitStack

    def mount(self, place: str, source: Path | None = None) -> Path:
        """Put a directory where the containers have it."""
        source = source or self.home / place.strip("/").replace("/", "-")
        source.mkdir(parents=True, exist_ok=True)
        Path(place).mkdir(parents=True, exist_ok=True)
        self.bind(source, place)
        return source

    def bind(self, source: Path, place: str) -> None:
        """Show one in the place of another until the end."""
        subprocess.run(["mount", "--bind", source, place], check=True)
        self.stack.callback(subprocess.run, ["umount", "--lazy", place], check=True)

    def env(self, name: str = "") -> dict[str, str]:
        """Return what a service finds in its environment."""
        image = {"AIRFLOW_HOME": "/opt/airflow", "LANG": "C.UTF-8", "HOME": str(self.home)}
        path = f"{BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        said = SERVICES[name].get("environment", {}) if name else {}
        return {"PATH": path, "PGHOST": LOOPBACK, **image, **said}

    def run(self, *words: str, name: str = "") -> None:
        """Run something to its end."""
        subprocess.run(words, env=self.env(name), cwd=ROOT, check=True)

    def start(self, name: str, words: Sequence[str]) -> Path:
        """Start something that stays; return its log."""
        log = self.home / f"{name}.log"
        self.stack.enter_context(_running(words, self.env(name if name in SERVICES else ""), log))
        return log

    def start_service(self, name: str, data: Path | None = None) -> None:
        """Start a service as the file says, on the loopback."""
        words = SERVICES[name]["command"]
        there = {"/run/secrets": str(SECRETS), "0.0.0.0": LOOPBACK, "/data": str(data)}  # noqa: S104 - replaced
        for inside, outside in there.items():
            words = [word.replace(f"={inside}", f"={outside}") for word in words]
        self.start(name, words)

    def wait_until_healthy(self, name: str) -> None:
        """Wait for a service's own check."""
        words = SERVICES[name]["healthcheck"]["test"][1:]

        def is_healthy() -> bool:
            done = subprocess.run(
                words, env=self.env(name), cwd=ROOT, check=False, capture_output=True
            )
            return done.returncode == 0

        wait_until(is_healthy, f"{name} (its log is in {self.home})", _START_S)
        print(f"healthy  {name}", flush=True)


@contextmanager
def _running(words: Sequence[str], env: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def start_postgres(stage: Stage) -> None:
    """Start Debian's PostgreSQL with the account of the file."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    said = SERVICES["postgres"]["environment"]
    user, password = said["POSTGRES_USER"], stage.home / "password"
    password.write_text(said["POSTGRES_PASSWORD"])
    home = stage.home / "postgres"
    home.mkdir()
    shutil.chown(home, "postgres")
    shutil.chown(password, "postgres")
    as_postgres = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    make = ("initdb", "--auth=scram-sha-256", f"--username={user}", f"--pwfile={password}")
    stage.run(*as_postgres, str(programs / make[0]), *make[1:], f"--pgdata={home}/data")
    where = ("-c", f"listen_addresses={LOOPBACK}", "-k", str(home))
    stage.start(
        "postgres", [*as_postgres, str(programs / "postgres"), "-D", f"{home}/data", *where]
    )
    stage.wait_until_healthy("postgres")
    database = ("createdb", f"--username={user}", said["POSTGRES_DB"])
    subprocess.run(
        [programs / database[0], *database[1:]],
        env={**stage.env(), "PGPASSWORD": said["POSTGRES_PASSWORD"]},
        check=True,
    )


def start_cluster(stage: Stage) -> Path:
    """Start what stands for k3s, with the volume where Airflow sees it; return its kubeconfig."""
    data = stage.home / "cluster"
    words = ["datacube-local", "start", "--data-dir", str(data)]
    log = stage.start("cluster", words)
    wait_until(lambda: "ready: KUBECONFIG=" in log.read_text(), "the cluster", _START_S)
    stage.mount("/workspace", data / "volumes/default/workspace")
    return data / "kubeconfig"


def prepare(kubeconfig: Path, repositories: Path, stage: Stage) -> Gate:
    """
    Do what the service ``setup`` does, but for what only a k3s has.

    Airflow's account has its rights from a gate before the cluster; return that.
    """
    given = setup.Credentials.read(SECRETS)
    addresses = {name: socket.gethostbyname(name) for name in setup.PORTS}
    setup.fill(given, addresses, repositories)
    made = {"apiVersion": "v1", "kind": "List", "items": list(setup.secrets(given))}
    words = ["kubectl", "--kubeconfig", kubeconfig, "apply", "--server-side", "--filename=-"]
    subprocess.run(words, input=json.dumps(made), text=True, check=True)
    account = Account.of(build(DEPLOY / "compose"), setup.ACCOUNT)
    opened = stage.stack.enter_context(gate(kubeconfig, account, stage.home))
    shutil.copy(opened.kubeconfig, "/kube/airflow")
    return opened


def run_the_pipeline() -> dict[str, str]:
    """Trigger the example as a person does in the UI, with nothing typed in; return its tasks."""
    login = {"username": "admin", "password": "admin"}
    token = httpx.post(f"{API}/auth/token", json=login).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{API}/api/v2/", headers=headers, timeout=30) as api:
        wait_until(lambda: api.get(f"dags/{DAG}").is_success, "the DAG", _START_S)
        api.patch(f"dags/{DAG}", json={"is_paused": False}).raise_for_status()
        made = api.post(f"dags/{DAG}/dagRuns", json={"logical_date": None, "conf": {}})
        run = f"dags/{DAG}/dagRuns/{made.raise_for_status().json()['dag_run_id']}"
        wait_until(lambda: api.get(run).json()["state"] in ("success", "failed"), "the run", _RUN_S)
        tasks = api.get(f"{run}/taskInstances").raise_for_status().json()["task_instances"]
    return {task["task_id"]: task["state"] for task in tasks}


def main() -> int:
    """Do it all; 0 where every task of the pipeline succeeded."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="compose-"))
    home.chmod(0o755)
    with ExitStack() as stack:
        stage = Stage(home, stack)
        names = "\n".join(f"{LOOPBACK} {name}" for name in (*SERVICES,))
        (home / "hosts").write_text(f"{Path('/etc/hosts').read_text()}\n{names}\n")
        stage.bind(home / "hosts", "/etc/hosts")
        (stage.mount("/opt/airflow") / "passwords.json").write_text('{"admin": "admin"}')
        stage.mount("/opt/airflow/dags", ROOT / "example_dags")
        stage.mount("/kube")
        start_postgres(stage)
        for name in setup.PORTS:
            (home / name).mkdir()
            stage.start_service(name, home / name)
        for name in setup.PORTS:
            stage.wait_until_healthy(name)
        os.environ["PATH"] = stage.env()["PATH"]
        airflow = prepare(start_cluster(stage), home / "git", stage)
        stage.run(*SERVICES["airflow-init"]["command"], name="airflow-init")
        for name in LIVE:
            stage.start_service(name)
            stage.wait_until_healthy(name)
        states = run_the_pipeline()
    print("\n".join(f"{state:8} {task}" for task, state in states.items()))
    print(f"{time.monotonic() - began:.0f} s; refused to Airflow: {airflow.refused or 'nothing'}")
    if set(states.values()) != {"success"} or airflow.refused:
        print(f"logs are in {home}")
        return 1
    shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
