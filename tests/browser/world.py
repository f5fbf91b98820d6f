"""
What the page stands on, for tests and for the benchmark: two clusters and a real Airflow.

``kubernetes_default`` leads to a cluster with its controller, where transfers run; ``many`` to one
without, which holds as many DataCubes as one likes, in whatever state.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from kubernetes.client import CoreV1Api, CustomObjectsApi
from kubernetes.config import new_client_from_config

from datacube_api.reference import API_VERSION, KIND, CubeRef, collection
from demo.airflow import Airflow
from demo.processes import Program, Programs, end_all, wait_until
from tests.browser.limits import LIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DAGS = Path(__file__).parent / "dags"
NAMESPACE = "default"
USERS = {"admin": "admin", "viewer": "viewer", LIMITED: "viewer"}


class Cubes:
    """The DataCubes of one cluster, as the tests write them."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = str(kubeconfig)

    @cached_property
    def _api(self) -> CustomObjectsApi:
        return CustomObjectsApi(new_client_from_config(self._kubeconfig))

    def create(self, name: str, status: Mapping[str, Any] | None = None, **fields: Any) -> CubeRef:
        """Make one, and write its status as a controller would."""
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, **fields.pop("metadata", {})},
            "spec": {"source": SOURCE, "sink": SINK, **fields},
        }
        ref = CubeRef.of(
            self._api.create_namespaced_custom_object(**collection(NAMESPACE), body=body)
        )
        if status:
            self.set_status(ref, status)
        return ref

    def set_status(self, ref: CubeRef, status: Mapping[str, Any]) -> None:
        self._api.patch_namespaced_custom_object_status(**ref.item(), body={"status": dict(status)})

    def delete(self, ref: CubeRef) -> None:
        self._api.delete_namespaced_custom_object(**ref.item())

    def names(self) -> list[str]:
        found = self._api.list_namespaced_custom_object(**collection(NAMESPACE))
        return [cube["metadata"]["name"] for cube in found["items"]]

    def run_pod(self, name: str, *lines: str) -> None:
        """Start a pod that says something, and stays."""
        command = ["sh", "-c", 'printf "%s\\n" "$@"; exec sleep 600', "sh", *lines]
        spec = {
            "restartPolicy": "Never",
            "containers": [{"name": "transfer", "image": "x", "command": command}],
        }
        body = {"metadata": {"name": name}, "spec": spec}
        CoreV1Api(self._api.api_client).create_namespaced_pod(NAMESPACE, body)

    def delete_pod(self, name: str) -> None:
        CoreV1Api(self._api.api_client).delete_namespaced_pod(name, NAMESPACE)

    def fill(self, number: int) -> None:
        """Make so many, of all types and states."""
        with ThreadPoolExecutor(4) as pool:
            list(
                pool.map(
                    lambda n: self.create(f"transfer-{n:04}", *_example(n)[:1], **_example(n)[1]),
                    range(number),
                )
            )


SOURCE = {
    "type": "git",
    "options": [{"name": "url", "value": "https://git.example.org/team/code.git"}],
}
SINK = {"type": "pvc", "pvc": {"name": "workspace", "subPath": "code"}}


def condition(
    kind: str, reason: str = "", message: str = "", status: str = "True"
) -> dict[str, str]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


_INITIALIZED = condition("Initialized", "TransferStarted", "the transfer runs")
STATUSES: tuple[Mapping[str, Any], ...] = (
    {
        "attempts": 1,
        "conditions": [
            _INITIALIZED,
            condition("Complete", "TransferSucceeded", "the data has arrived"),
        ],
    },
    {"attempts": 1, "conditions": [_INITIALIZED]},
    {
        "attempts": 3,
        "conditions": [
            _INITIALIZED,
            condition(
                "Failed", "NetworkError", "after 3 attempts: git.example.org cannot be reached"
            ),
        ],
    },
    {"conditions": [condition("Initialized", "PodPending", "waits for an image", "False")]},
    {
        "attempts": 2,
        "conditions": [
            _INITIALIZED,
            condition("Complete", "TransferSucceeded", "the data has arrived"),
        ],
    },
)
_ENDS = (
    {"type": "git", "options": [{"name": "url", "value": "https://git.example.org/team/code.git"}]},
    {"type": "huggingface", "options": [{"name": "repo", "value": "org/model-7b"}]},
    {"type": "s3", "options": [{"name": "s3-uri", "value": "s3://results/experiments/2026-11"}]},
)


def made_by(**ids: object) -> dict[str, Any]:
    """Return the metadata of a DataCube that the task instance of these ids made."""
    marks = {f"airflow-provider-datacube/{key}": str(value) for key, value in ids.items()}
    return {"annotations": marks}


def _example(number: int) -> tuple[Mapping[str, Any], dict[str, Any]]:
    far = _ENDS[number % 3]
    near = {"type": "pvc", "pvc": {"name": f"workspace-{number % 7}", "subPath": f"part-{number}"}}
    ends = {"source": near, "sink": far} if number % 4 == 3 else {"source": far, "sink": near}
    ids = {
        "dag_id": f"train_{number % 12}",
        "run_id": f"scheduled__2026-11-{1 + number % 25:02}",
        "task_id": "download",
        "map_index": number % 5 - 1,
    }
    executor = {"options": {"backoffLimit": 2 + number % 3}}
    return STATUSES[number % 5], {**ends, "executor": executor, "metadata": made_by(**ids)}


@dataclass(frozen=True)
class World:
    """Everything that runs."""

    airflow: Airflow
    here: Cubes
    many: Cubes
    passwords: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.airflow.url

    def token(self, user: str) -> str:
        login = {"username": user, "password": self.passwords[user]}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=30)
        return str(answer.raise_for_status().json()["access_token"])

    def client(self, user: str) -> httpx.Client:
        """Return a client that is logged in."""
        headers = {"Authorization": f"Bearer {self.token(user)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=40)


@contextmanager
def world(
    home: Path, *, objects: int = 1000, workers: int = 1, dag: bool = True
) -> Iterator[World]:
    """Start it all below ``home``, and end every process of it."""
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    programs = Programs(home, environment)
    started: list[Program] = []
    try:
        yield _start(home, programs, started, objects=objects, workers=workers, dag=dag)
    finally:
        end_all(home)
        for program in started:
            program.process.wait()


def _start(  # noqa: PLR0913 - of the whole world
    home: Path, programs: Programs, started: list[Program], *, objects: int, workers: int, dag: bool
) -> World:
    for name, more in (("here", ["--backoff-base", "1"]), ("many", ["--no-controller"])):
        command = [str(BIN / "datacube-local"), "start", "--data-dir", str(home / name), *more]
        started.append(programs.start(name, command, {}))
    airflow = Airflow(home / "airflow", DAGS, home / "here/kubeconfig", home)
    airflow.prepare()
    passwords = {user: airflow.password + user for user in USERS}
    airflow._passwords.write_text(json.dumps(passwords))
    many = {"conn_type": "kubernetes", "extra": {"kube_config_path": str(home / "many/kubeconfig")}}
    env = {
        **airflow.env(),
        "AIRFLOW_CONN_MANY": json.dumps(many),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{r}" for u, r in USERS.items()),
        "AIRFLOW__CORE__AUTH_MANAGER": "tests.browser.limits.LimitingAuthManager",
        "AIRFLOW__DATACUBE__LINK_URL": "https://d.example.org/{namespace}/{name}",
        "AIRFLOW__DATACUBE__UI_CONNECTIONS": "kubernetes_default, many@default",
    }
    programs.run("airflow-db", [str(BIN / "airflow"), "db", "migrate"], env)
    server = ["api-server", "--host", "127.0.0.1", "--port", str(airflow.port)]
    command = [str(BIN / "airflow"), *server, "--workers", str(workers)]
    server_program = programs.start("airflow-api-server", command, env)
    started.append(server_program)
    running = World(
        airflow, Cubes(home / "here/kubeconfig"), Cubes(home / "many/kubeconfig"), passwords
    )
    with ThreadPoolExecutor(1) as pool:
        for name in ("here", "many"):
            log = home / "logs" / f"{name}.log"
            wait_until(lambda log=log: "ready:" in log.read_text(), "The cluster", 60)
        filled = pool.submit(running.many.fill, objects)
        if dag:
            run = programs.start("airflow-dag", [str(BIN / "airflow"), "dags", "test", "page"], env)
            run.process.wait()  # its tasks fail, as they should
        filled.result()
    wait_until(airflow.is_up, "Airflow's API server", 180, [server_program])
    return running
