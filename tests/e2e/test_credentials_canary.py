"""
Where the credentials of three connections are, after transfers with them: in their Secrets.

On a real Airflow with everything that it has, at the level DEBUG, its database in plain text;
looked at while the tasks wait, and when they have ended, well and badly.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo.processes import wait_until
from tests.e2e.airflows import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Cluster
    from tests.e2e.services import Services

DAGS = Path(__file__).with_name("dags")
DAG = "with_connections"
LINEAGE = "lineage.jsonl"
PLAIN = {"LOGGING__LOGGING_LEVEL": "DEBUG", "CORE__FERNET_KEY": "", "CORE__PARALLELISM": "4"}
TRANSFERS = ("git", "hub", "s3")
AT_ONCE = ("wrong_type", "temporary", "by_hook")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def airflow(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("airflow")
    transport = {"type": "file", "log_file_path": str(home / LINEAGE), "append": True}
    settings = {**PLAIN, "OPENLINEAGE__TRANSPORT": json.dumps(transport)}
    with running(home, DAGS, cluster.kubeconfig, settings) as airflow:
        yield airflow


@pytest.fixture(scope="module")
def canaries(services: Services, git_token: str) -> dict[str, str]:
    known = {"git": git_token, "hub": services.hub_token, "s3": services.s3_key.secret_access_key}
    return known | {"session": "canary-of-a-session", "temporary": "canary-that-is-temporary"}


@pytest.fixture(scope="module")
def connections(airflow: Running, services: Services, canaries: dict[str, str]) -> None:
    git, extra = f"{services.git.url}/canary/notes.git", {"endpoint_url": services.s3.url}
    airflow.connect("git_c", conn_type="git", password=canaries["git"], login="me", host=git)
    airflow.connect(
        "hub_c", conn_type="huggingface", password=canaries["hub"], host=services.hub.url
    )
    key = services.s3_key
    airflow.connect(
        "aws_c",
        conn_type="aws",
        login=key.access_key_id,
        password=canaries["s3"],
        extra=json.dumps(extra),
    )
    airflow.connect(
        "session_c",
        conn_type="aws",
        login="temporary-id",
        password=canaries["temporary"],
        extra=json.dumps({**extra, "aws_session_token": canaries["session"]}),
    )


@dataclass
class Seen:
    """What there was to see, by where it was; and how the tasks ended."""

    texts: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def look(self, when: str, airflow: Running, cluster: Cluster) -> None:
        seen = {**airflow.tables(), **cluster.told()}
        self.texts |= {f"{where}, {when}": text for where, text in seen.items()}


@pytest.fixture(scope="module")
def seen(
    airflow: Running,
    cluster: Cluster,
    services: Services,
    connections: None,  # noqa: ARG001 - they have to be there
) -> Seen:
    """Run the DAG, and look at everything while its tasks wait, and at the end."""
    services.make_git_repository("canary/notes", tag="v1")
    services.make_hub_repository("canary/model", {"config.json": b"{}"})
    services.make_bucket("canary", {"data/1.csv": "1"})
    services.git.create("copies/notes")
    services.make_hub_repository("canary/copy", {})
    wait_until(lambda: airflow.airflow.knows(DAG), "reading the DAG", 120)
    run = airflow.airflow.trigger(DAG, {"git": services.git.url})
    wait_until(lambda: airflow.count("trigger") == 2 * len(TRANSFERS), "deferring", 120)
    # A task that resumes before the scheduler has heard that it deferred counts as failed.
    segments = 2 * len(TRANSFERS) + len(AT_ONCE)
    wait_until(lambda: airflow.heard_of_ends() == segments, "hearing of the deferrals", 120)
    seen = Seen()
    seen.look("waiting", airflow, cluster)
    gate = {"metadata": {"name": "gate"}, "data": {"open": "yes"}}
    cluster.core.create_namespaced_config_map("default", gate)
    seen.states = dict(airflow.airflow.follow(DAG, run))
    seen.look("ended", airflow, cluster)
    return seen


def test_the_transfers_work_with_the_connections(
    cluster: Cluster, services: Services, seen: Seen
) -> None:
    both_ways = [*TRANSFERS, *(f"copy_{name}" for name in TRANSFERS)]
    assert {name: seen.states[name] for name in both_ways} == dict.fromkeys(both_ways, "success")
    assert (cluster.volume("git") / "notes/a.txt").read_text() == "one"
    assert (cluster.volume("hub") / "config.json").read_text() == "{}"
    assert (cluster.volume("s3") / "1.csv").read_text() == "1"
    assert services.hub_files("canary/copy") == ["config.json"]
    assert services.objects("canary/copy") == ["1.csv"]


def test_the_errors_were_told(airflow: Running, seen: Seen) -> None:
    failed = {task for task, state in seen.states.items() if state == "failed"}
    assert failed == {*(f"absent_{name}" for name in TRANSFERS), "wrong_type", "temporary"}
    assert seen.states["by_hook"] == "success"
    logs = "".join(log.read_text() for log in airflow.logs())
    for words in (
        "because    SourceNotFound: ",
        "because    AuthenticationFailed: ",
        "is of type aws, and the end is of type",
        "Secret default/by-hook",
    ):
        assert words in logs


def test_each_secret_is_owned_by_its_datacube(
    cluster: Cluster, canaries: dict[str, str], seen: Seen
) -> None:
    assert seen.states
    listed = cluster.core.list_namespaced_secret("default", label_selector=f"dag_id={DAG}").items
    cubes = {secret.metadata.owner_references[0].name: secret for secret in listed}
    assert len(cubes) == 3 * len(TRANSFERS) + 1
    held = [base64.b64decode(value).decode() for s in listed for value in s.data.values()]
    times = {name: held.count(canary) for name, canary in canaries.items()}
    assert times == {**dict.fromkeys(TRANSFERS, 3), "session": 1, "temporary": 1}
    by_hook = cluster.core.read_namespaced_secret("by-hook", "default")
    kept = {base64.b64decode(value).decode() for value in by_hook.data.values()}
    assert {canaries["session"], canaries["temporary"]} <= kept
    for name, secret in cubes.items():
        assert secret.metadata.name == f"{name}-credentials"
        assert f"uid: {secret.metadata.owner_references[0].uid}" in seen.texts["datacubes, ended"]


def test_a_dag_is_scheduled_on_what_was_written(
    airflow: Running, services: Services, seen: Seen
) -> None:
    assert seen.states["git"] == "success"
    runs = wait_for_runs(airflow, "after_git")
    assert [run["run_type"] for run in runs] == ["asset_triggered"]
    told = {e["uri"]: e["extra"] for e in airflow.ask("GET", "assets/events")["asset_events"]}
    volumes = {f"pvc://default/{name}" for name in TRANSFERS}
    copy = f"{services.git.url}/copies/notes.git"
    assert set(told) == {*volumes, copy, "hf://canary/copy", "s3://canary/copy"}
    assert told["pvc://default/s3"]["source"] == "s3://canary/data"
    assert told["s3://canary/copy"]["source"] == "pvc://default/s3"
    assert told["pvc://default/git"]["files"] == 1


def test_openlineage_is_told_both_ends(airflow: Running, services: Services, seen: Seen) -> None:
    assert seen.states
    lines = (airflow.airflow.home.parent / LINEAGE).read_text().splitlines()
    ends = {
        event["job"]["name"].removeprefix(f"{DAG}."): [
            f"{dataset['namespace']}/{dataset['name']}"
            for dataset in (*event["inputs"], *event["outputs"])
        ]
        for event in map(json.loads, lines)
        if event["eventType"] == "COMPLETE" and event["job"]["name"].startswith(f"{DAG}.")
    }
    assert ends == {
        "git": [f"{services.git.url}/canary/notes.git", "pvc://default/git"],
        "hub": ["hf://canary/model", "pvc://default/hub"],
        "s3": ["s3://canary/data", "pvc://default/s3"],
        "copy_git": ["pvc://default/git", f"{services.git.url}/copies/notes.git"],
        "copy_hub": ["pvc://default/hub", "hf://canary/copy"],
        "copy_s3": ["pvc://default/s3", "s3://canary/copy"],
        "by_hook": [],
    }


def wait_for_runs(airflow: Running, dag_id: str) -> list[dict[str, Any]]:
    def look() -> bool:
        runs[:] = airflow.ask("GET", f"dags/{dag_id}/dagRuns")["dag_runs"]
        return bool(runs)

    runs: list[dict[str, Any]] = []
    wait_until(look, f"a run of {dag_id}", 60)
    return runs


def test_the_credentials_are_nowhere_else(
    airflow: Running, cluster: Cluster, canaries: dict[str, str], seen: Seen
) -> None:
    places = {*seen.texts}
    assert {"trigger, waiting", "xcom, ended", "events, waiting", "datacubes, ended"} <= places
    assert seen.texts["trigger, waiting"].count("DataCubeTrigger") == 2 * len(TRANSFERS)
    assert "git_c" in seen.texts["rendered_task_instance_fields, ended"]
    assert "CreateContainerConfigError" in seen.texts["pods, waiting"]
    files = [*airflow.logs(), *airflow.program_logs(), airflow.airflow.home.parent / LINEAGE]
    for folder in ("volumes", "logs"):
        files += [file for file in (cluster.data / folder).rglob("*") if file.is_file()]
    assert any("DEBUG" in file.read_text(errors="replace").upper() for file in airflow.logs())
    everywhere = seen.texts | {str(f): f.read_text(errors="replace") for f in files}
    for canary in canaries.values():
        encoded = base64.b64encode(canary.encode()).decode()
        assert [place for place, text in everywhere.items() if canary in text] == []
        assert [place for place, text in everywhere.items() if encoded in text] == []
