from __future__ import annotations

import json
from typing import Any

Make = Any
MANIFESTS = """
apiVersion: v1
kind: Secret
metadata: {name: kc-token}
stringData: {token: abc}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: kc-data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: kc-job}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: none, command: [sh, -c, "echo one; echo two"]}]
"""


def test_manifests_are_applied_shown_and_deleted(cluster: Any) -> None:
    created = cluster.kubectl("apply", "-f", "-", text=MANIFESTS)
    assert created.count("created") == 3
    again = cluster.kubectl("apply", "-f", "-", text=MANIFESTS)
    assert "persistentvolumeclaim/kc-data unchanged" in again
    assert "job.batch/kc-job unchanged" in again
    cluster.kubectl("wait", "job/kc-job", "--for=condition=Complete", "--timeout=20s")
    assert cluster.kubectl("logs", "job/kc-job") == "one\ntwo\n"
    assert cluster.kubectl("logs", "job/kc-job", "--tail=1", "-c", "c") == "two\n"
    shown = cluster.kubectl("get", "secret,pvc,job,pod")
    for column in ("TYPE", "CAPACITY", "COMPLETIONS", "READY"):
        assert column in shown
    assert "Complete" in cluster.kubectl("get", "job", "kc-job")
    for kind in ("secret/kc-token", "pvc/kc-data", "job/kc-job"):
        assert "Name:" in cluster.kubectl("describe", kind)
    assert "Completed" in cluster.kubectl("get", "pods", "-l", "job-name=kc-job")
    deleted = cluster.kubectl("delete", "-f", "-", text=MANIFESTS)
    assert deleted.count("deleted") == 3
    assert cluster.kubectl("get", "pods", "-l", "job-name=kc-job", "-o", "name") == ""


def test_a_datacube_is_shown_in_its_own_columns(cluster: Any, cube: Make) -> None:
    cluster.kubectl("apply", "-f", "-", text=json.dumps(cube("kc-cube")))
    header, row = cluster.kubectl("get", "dc", "kc-cube").splitlines()
    assert header.split() == ["NAME", "SOURCE", "SINK", "PHASE", "AGE"]
    assert row.split()[:3] == ["kc-cube", "git", "pvc"]
    assert "kc-cube" in cluster.kubectl("get", "all", "-o", "name")
    assert "https://example.org" in cluster.kubectl("describe", "dc", "kc-cube")
    assert "options" in cluster.kubectl("explain", "dc.spec.source")
    cluster.kubectl("label", "dc", "kc-cube", "x=1")
    cluster.kubectl("annotate", "dc", "kc-cube", "y=2")
    meta = json.loads(cluster.kubectl("get", "dc", "-l", "x=1", "-o", "json"))["items"][0]
    assert meta["metadata"]["annotations"]["y"] == "2"
    cluster.kubectl("delete", "dc", "kc-cube")


def test_a_bad_datacube_is_refused_by_its_field(cluster: Any, cube: Make) -> None:
    bad = cube("kc-bad")
    bad["spec"]["sink"]["pvc"]["subPath"] = "../up"
    error = cluster.kubectl("apply", "-f", "-", text=json.dumps(bad), fails=True)
    assert "spec.sink.pvc.subPath" in error


def test_a_field_that_nobody_knows_is_refused(cluster: Any, cube: Make) -> None:
    bad = cube("kc-bad")
    bad["spec"]["nonsense"] = 1
    error = cluster.kubectl("create", "-f", "-", text=json.dumps(bad), fails=True)
    assert 'unknown field "spec.nonsense"' in error


def test_a_definition_can_be_applied(cluster: Any) -> None:
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    names = {"plural": "kcthings", "kind": "KcThing"}
    spec = {"group": "example.org", "scope": "Namespaced", "names": names, "versions": versions}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kcthings.example.org"},
        "spec": spec,
    }
    cluster.kubectl("apply", "-f", "-", text=json.dumps(definition))
    cluster.kubectl("wait", "crd/kcthings.example.org", "--for=condition=Established")
    thing = {"apiVersion": "example.org/v1", "kind": "KcThing", "metadata": {"name": "t"}}
    cluster.kubectl("apply", "-f", "-", text=json.dumps(thing))
    assert "t" in cluster.kubectl("get", "kcthings")
    cluster.kubectl("delete", "crd", "kcthings.example.org")
    assert "kcthings" in cluster.kubectl("get", "kcthings", fails=True)
