"""The example DAGs that need no service behind them: `dag.test()` in Airflow itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from datacube_api.pod_settings import settings_in
from datacube_api.reference import CubeRef

EXAMPLES = Path(__file__).parents[3] / "example_dags"
# With real services behind them: tests/e2e.
RUN_BY_THE_DEMO = {EXAMPLES / f"example_{name}.py" for name in ("git_to_git", "ml_pipeline")}
RUN = """
import runpy, sys
for example in sys.argv[1:]:
    name = example.rpartition("/")[2].removesuffix(".py")
    run = runpy.run_path(example)[name]().test()
    for ti in run.get_task_instances():
        print("ended", name, ti.task_id, ti.map_index, ti.state)
        if (name, ti.task_id) == ("example_results", "report"):
            print("reported", ti.xcom_pull("report"))
"""


@pytest.fixture
def made(cluster: Any, manifest: dict[str, Any]) -> None:
    """What somebody else makes: the controller ends them when they are seen."""
    for name, labels in (
        ("nightly-model", {}),
        ("set-1", {"team": "ml", "kind": "dataset"}),
        ("set-2", {"team": "ml", "kind": "dataset"}),
        ("old", {"keep": "temporary"}),
        ("kept", {"keep": "forever"}),
    ):
        metadata = {"namespace": "default", "name": name, "labels": labels}
        cluster.create({**manifest, "metadata": metadata})


CONNECTIONS = {
    "git_default": {"conn_type": "git", "password": "canary-git"},
    "hub_of_team_a": {"conn_type": "huggingface", "password": "canary-hub-a"},
    "hub_of_team_b": {"conn_type": "huggingface", "password": "canary-hub-b"},
    "huggingface_default": {"conn_type": "huggingface", "password": "canary-hub"},
    "aws_default": {"conn_type": "aws", "login": "id", "password": "canary-aws"},
}


@pytest.fixture
def with_connections(airflow: dict[str, str]) -> dict[str, str]:
    told = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(c) for name, c in CONNECTIONS.items()}
    return {**airflow, **told}


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("controller", "made")
def test_the_examples_run(with_connections: dict[str, str], cluster: Any) -> None:
    examples = sorted(set(EXAMPLES.glob("example_*.py")) - RUN_BY_THE_DEMO)
    run = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, examples)],
        env={**with_connections, "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said[-5000:]
    ended = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("ended")]
    assert {state for *_, state in ended} == {"success"}, said[-5000:]
    assert {name for name, *_ in ended} == {example.stem for example in examples}
    (reported,) = (line for line in run.stdout.splitlines() if line.startswith("reported"))
    assert reported.startswith("reported pvc://default/workspace/model is hf://org/model at abc: ")
    mapped = [index for _, task, index, _ in ended if task == "download" and index != "-1"]
    assert sorted(mapped) == ["0", "0", "1"]
    cubes = {cube["metadata"]["name"]: cube for cube in cluster.list("default")}
    assert not {"old", *(name for name in cubes if name.startswith("example-delete"))} & set(cubes)
    large = next(cubes[name] for name in cubes if name.startswith("example-pod-settings-large"))
    settings = settings_in(large["metadata"]["annotations"])
    assert settings.resources is not None
    assert settings.resources.limits == {"memory": "2Gi"}
    assert settings.ttl_seconds_after_finished == 7 * 86400
    downloads = [cubes[name] for name in sorted(cubes) if name.startswith("example-decorator")]
    values = {cube["spec"]["source"]["options"][0]["value"] for cube in downloads}
    assert values == {"example/tiny", "example/small"}
    assert {"kept", "nightly-model", "set-1", "set-2"} <= set(cubes)
    own = {name for name in cubes if name.startswith("example-credentials")}
    secrets = CoreV1Api(cluster.api.api_client).list_namespaced_secret("default").items
    owners = {s.metadata.owner_references[0].name for s in secrets if s.metadata.owner_references}
    assert len(own) == 5
    assert own - owners == {name for name in own if "dataset" in name}
    assert {"s3-config"} <= {secret.metadata.name for secret in secrets}
    assert "canary" not in json.dumps(cubes) + said


def test_what_is_deleted_in_the_foreground_is_gone(cluster: Any, manifest: dict[str, Any]) -> None:
    ref = CubeRef.of(cluster.create(manifest))
    cluster.delete(ref, foreground=True)
    assert cluster.list("default") == []
