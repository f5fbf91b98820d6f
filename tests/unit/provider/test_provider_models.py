from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_provider_datacube.models import PVC, DataCube, Git, Spec
from datacube_api.errors import DataCubeSpecError


def test_the_name_of_a_claim_may_be_a_template() -> None:
    assert PVC("ws-{{ ds_nodash }}").to_manifest() == {
        "type": "pvc",
        "pvc": {"name": "ws-{{ ds_nodash }}"},
    }


def test_a_name_that_is_neither_is_refused() -> None:
    with pytest.raises(DataCubeSpecError, match=r"pvc\.name"):
        PVC("Not_A_Name")


def test_the_models_make_a_whole_manifest() -> None:
    spec = Spec(source=Git(url="https://git.example.org/a/b.git"), sink=PVC("data", size="1Gi"))
    manifest = DataCube(metadata={"name": "x"}, spec=spec).to_manifest()
    assert DataCube.from_manifest(manifest).to_manifest() == manifest


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (PVC, "pvc.name"),
        (lambda known_later: PVC("a", sub_path=known_later), "pvc.subPath"),
        (lambda known_later: PVC("a", size=known_later), "storage"),
        (lambda known_later: Git(url=known_later), "'url'"),
    ],
)
def test_a_result_of_another_task_is_told_where_to_go(make: Any, field: str) -> None:
    @task
    def choose() -> str:
        return "s3cret"

    with DAG("etl", schedule=None), pytest.raises(TypeError, match=r"@task\.datacube") as caught:
        make(choose())
    assert field in str(caught.value)
    assert "PlainXComArg" in str(caught.value)
