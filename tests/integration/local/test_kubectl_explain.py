from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("pod", "spec\t<PodSpec>"),
        ("pod.spec.containers", "FIELD: containers <[]Container>"),
        ("pod.spec.containers.resources.limits", "<map[string]Quantity>"),
        ("pod.metadata.ownerReferences.uid", "<string>"),
        ("job.spec", "template\t<PodTemplateSpec>"),
        ("job.spec.template.spec.volumes", "persistentVolumeClaim\t<PersistentVolumeClaimVolume"),
        ("pvc.spec", "accessModes\t<[]string>"),
        ("event", "involvedObject\t<ObjectReference>"),
        ("lease.spec.renewTime", "FIELD: renewTime <string>"),
        ("crd.spec.versions", "schema\t<CustomResourceValidation>"),
        ("datacube.spec", "source\t<Object>"),
        ("datacube.spec", "Exactly one of source and sink is a volume."),
        ("datacube.spec.executor.options.backoffLimit", "How many failed attempts"),
    ],
)
def test_what_a_kind_is_made_of_is_explained(cluster: Any, place: str, told: str) -> None:
    assert told in cluster.kubectl("explain", place)


def test_events_are_explained_in_the_words_of_each_version(cluster: Any) -> None:
    told = cluster.kubectl("explain", "events", "--api-version=events.k8s.io/v1")
    assert "note\t<string>" in told
    assert "message" not in told


def test_a_field_that_is_not_there_is_said_to_be_missing(cluster: Any) -> None:
    told = cluster.kubectl("explain", "pod.spec.nonsense", fails=True)
    assert 'field "nonsense" does not exist' in told


@pytest.mark.parametrize("verb", ["create", "apply"])
def test_a_field_that_nobody_knows_is_refused_by_kubectl(cluster: Any, verb: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ke-nonsense"},
        "nonsense": {"a": "b"},
    }
    told = cluster.kubectl(verb, "-f", "-", text=json.dumps(manifest), fails=True)
    assert 'unknown field "nonsense"' in told


def test_lists_are_merged_by_apply_as_kubectl_knows_them(cluster: Any) -> None:
    def job(*names: str) -> str:
        env = [{"name": name, "value": "x"} for name in names]
        container = {"name": "c", "image": "none", "command": ["true"], "env": env}
        template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "ke-job"}}
        return json.dumps({**made, "spec": {"suspend": True, "template": template}})

    cluster.kubectl("apply", "-f", "-", text=job("A", "B"))
    told = cluster.kubectl("apply", "-f", "-", text=job("A", "B"))
    assert told == "job.batch/ke-job unchanged\n"
    cluster.kubectl("delete", "job", "ke-job")
