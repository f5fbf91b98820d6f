from __future__ import annotations

import pytest
from pydantic import ValidationError

from airflow_provider_datacube.models import PVC, DataCube, Git, Spec


def test_the_name_of_a_claim_may_be_a_template() -> None:
    assert PVC("ws-{{ ds_nodash }}").to_manifest() == {
        "type": "pvc",
        "pvc": {"name": "ws-{{ ds_nodash }}"},
    }


def test_a_name_that_is_neither_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"pvc\.name"):
        PVC("Not_A_Name")


def test_the_models_make_a_whole_manifest() -> None:
    spec = Spec(source=Git(url="https://git.example.org/a/b.git"), sink=PVC("data", size="1Gi"))
    manifest = DataCube(metadata={"name": "x"}, spec=spec).to_manifest()
    assert DataCube.from_manifest(manifest).to_manifest() == manifest
