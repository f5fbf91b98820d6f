from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datacube._arguments import Arguments, is_file_name, plain
from airflow_provider_datacube.models import PVC, DataCube, Git, Spec
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api.errors import DataCubeSpecError

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


def test_a_file_is_looked_at_once_it_was_read() -> None:
    task = DataCubeOperator(task_id="x", manifest="cube.yaml")
    task.manifest = "kind: Job\nspec: {}\n"  # as Airflow does it
    with pytest.raises(DataCubeSpecError, match="kind: must be 'DataCube'"):
        task.prepare_template()
