"""The example DAGs of sensor, delete operator and decorator: `dag.test()` in Airflow itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datacube_api.reference import CubeRef

EXAMPLES = Path(__file__).parents[3] / "example_dags"
RUN = """
import runpy, sys
for example in sys.argv[1:]:
    name = example.rpartition("/")[2].removesuffix(".py")
    run = runpy.run_path(example)[name]().test()
    for ti in run.get_task_instances():
        print("ended", name, ti.task_id, ti.map_index, ti.state)
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


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("controller", "made")
def test_the_examples_run(airflow: dict[str, str], cluster: Any) -> None:
    names = ("sensor", "delete", "decorator")
    run = subprocess.run(
        [sys.executable, "-c", RUN, *(str(EXAMPLES / f"example_{name}.py") for name in names)],
        env={**airflow, "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said[-5000:]
    ended = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("ended")]
    assert {state for *_, state in ended} == {"success"}, said[-5000:]
    assert {name for name, *_ in ended} == {f"example_{name}" for name in names}
    assert sorted(index for _, task, index, _ in ended if task == "download") == ["-1", "0", "1"]
    cubes = {cube["metadata"]["name"]: cube for cube in cluster.list("default")}
    assert not {"old", *(name for name in cubes if name.startswith("example-delete"))} & set(cubes)
    downloads = [cubes[name] for name in sorted(cubes) if name.startswith("example-decorator")]
    values = {cube["spec"]["source"]["options"][0]["value"] for cube in downloads}
    assert values == {"example/tiny", "example/small"}
    assert {"kept", "nightly-model", "set-1", "set-2"} <= set(cubes)


def test_what_is_deleted_in_the_foreground_is_gone(cluster: Any, manifest: dict[str, Any]) -> None:
    ref = CubeRef.of(cluster.create(manifest))
    cluster.delete(ref, foreground=True)
    assert cluster.list("default") == []
