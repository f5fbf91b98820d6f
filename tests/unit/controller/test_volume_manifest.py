from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.models import DataCube
from datacube_runtime.controller.volume import volume_manifest

if TYPE_CHECKING:
    from datacube_api.core import PVCReference


def volume_of(cube: dict[str, Any]) -> PVCReference:
    return DataCube.from_manifest(cube).spec.volume


def test_the_claim_is_the_template_under_our_name_and_label(make: Any) -> None:
    manifest = volume_manifest("ns", volume_of(make.with_template()))
    assert manifest == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "data",
            "namespace": "ns",
            "labels": {"app.kubernetes.io/managed-by": "datacube-controller"},
        },
        "spec": {"resources": {"requests": {"storage": "1Gi"}}},
    }


def test_labels_and_annotations_of_the_template_are_kept(make: Any) -> None:
    cube = make.with_template(labels={"team": "ml"}, annotations={"why": "data"})
    meta = volume_manifest("ns", volume_of(cube))["metadata"]
    assert meta["labels"]["team"] == "ml"
    assert meta["annotations"] == {"why": "data"}


def test_a_template_cannot_say_who_manages_the_claim(make: Any) -> None:
    cube = make.with_template(labels={"app.kubernetes.io/managed-by": "me"})
    labels = volume_manifest("ns", volume_of(cube))["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/managed-by": "datacube-controller"}


def test_nobody_owns_the_claim_whatever_the_template_says(make: Any) -> None:
    cube = make.with_template(
        name="other", namespace="other", ownerReferences=[{"uid": "x"}], finalizers=["f"]
    )
    meta = volume_manifest("ns", volume_of(cube))["metadata"]
    assert set(meta) == {"name", "namespace", "labels"}
    assert (meta["name"], meta["namespace"]) == ("data", "ns")
