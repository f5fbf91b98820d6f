from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG

from airflow_provider_datacube._arguments import Arguments, is_file_name, plain
from airflow_provider_datacube.models import PVC, DataCube, Git, Spec
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api.errors import DataCubeSpecError

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://git.example.org/a/repo.git"


def test_models_become_mappings_however_deep_they_stand(git: dict[str, Any]) -> None:
    assert plain({"ends": [Git(url=URL), "x"]}) == {"ends": [git, "x"]}


def test_a_whole_model_is_a_manifest(manifest: dict[str, Any]) -> None:
    spec = Spec(source=Git(url=URL), sink=PVC("data", sub_path="code"))
    whole = DataCube(metadata={"namespace": "default"}, spec=spec)
    assert Arguments(manifest=plain(whole)).draft() == manifest


@pytest.mark.parametrize(
    ("manifest", "is_one"),
    [("a.yaml", True), ("b/a.yml", True), ("x: a.yaml\n", False), ({}, False)],
)
def test_a_file_name_is_told_from_text(manifest: object, *, is_one: bool) -> None:
    assert is_file_name(manifest) is is_one


def test_a_missing_file_breaks_the_parsing_of_the_dag() -> None:
    task = DataCubeOperator(task_id="x", manifest="nowhere.yaml")
    with pytest.raises(DataCubeSpecError, match="the file does not exist"):
        task.resolve_template_files()


@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_a_file_beside_the_dag_is_read_and_rendered(tmp_path: Path, ending: str) -> None:
    text = "kind: DataCube\nspec:\n  sink:\n    pvc:\n      name: {{ claim }}\n"
    (tmp_path / f"cube.{ending}").write_text(text)
    with DAG("d", schedule=None, template_searchpath=[str(tmp_path)]):
        task = DataCubeOperator(task_id="x", manifest=f"cube.{ending}")
    task.resolve_template_files()
    task.render_template_fields({"claim": "data-1"})  # type: ignore[typeddict-unknown-key]
    assert "name: data-1" in task.manifest


def test_a_file_is_looked_at_once_it_was_read() -> None:
    task = DataCubeOperator(task_id="x", manifest="cube.yaml")
    task.manifest = "kind: Job\nspec: {}\n"  # as Airflow does it
    with pytest.raises(DataCubeSpecError, match="kind: must be 'DataCube'"):
        task.prepare_template()
