"""
The controller under the rules that its manifests give it: all that it asks is allowed, and each
right is made use of. It is started as its Deployment says.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.naming import MANAGED_BY
from datacube_api.pod_settings import ANNOTATIONS
from tests.rights.building import DEPLOY, build
from tests.rights.gate import gate
from tests.rights.judging import Account

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT = "datacube-controller"
NOBODY = 9  # a port where nobody listens
HOMES = {"namespaced": "default", "cluster-wide": "datacube-system"}
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}

pytestmark = pytest.mark.timeout(120)


def cube(name: str, port: int, **annotations: str) -> str:
    url = {"name": "url", "value": f"http://127.0.0.1:{port}/no/such.git"}
    spec = {
        "source": {"type": "git", "options": [url]},
        "sink": {"type": "pvc", "pvc": {"name": name, "template": CLAIM}},
    }
    metadata = {"name": name, "annotations": {ANNOTATIONS[k]: v for k, v in annotations.items()}}
    head = {"apiVersion": "tensorstack.dev/v1beta1", "kind": "DataCube"}
    return json.dumps({**head, "metadata": metadata, "spec": spec})


def started(name: str, kubeconfig: Path) -> list[str]:
    """Return the command of the Deployment; what a pod knows of itself is said here."""
    (deployment,) = (m for m in build(DEPLOY / name) if m["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    words = [word.replace("$(POD_NAMESPACE)", HOMES[name]) for word in container["args"]]
    here = ["--kubeconfig", str(kubeconfig), "--lease-namespace", HOMES[name]]
    return ["datacube_runtime.controller", *words, *here, "--listen", "off"]


@pytest.mark.parametrize("name", HOMES)
def test_each_right_is_used_and_none_is_missing(
    bare: Any, program: Any, until: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    if name == "cluster-wide":
        bare("create", "namespace", HOMES[name])
    account = Account.of(build(DEPLOY / name), ACCOUNT)
    assert account.rights
    with gate(bare.kubeconfig, account, tmp_path) as opened:
        log = tmp_path / "controller.log"
        with program(*started(name, opened.kubeconfig), log=log):
            live_through(bare, until, name)
        assert opened.refused == []
        assert account.rights - opened.used == set(), log.read_text()


def live_through(kubectl: Any, until: Callable[..., Any], name: str) -> None:
    """
    Let one fail and be deleted by its time to live, one be suspended and resumed, one wait in vain.
    """
    ends, waits = f"{name}-ends", f"{name}-waits"
    kubectl("create", "--filename=-", text=cube(ends, NOBODY, ttl_seconds_after_finished="1"))
    until(lambda: ends not in kubectl("get", "datacubes", "--output=name"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kubectl("create", "--filename=-", text=cube(waits, silent.getsockname()[1]))
        until(lambda: f"job.batch/{waits}" in kubectl("get", "jobs", "--output=name"))
        job = ("get", "job", f"{waits}-batchjob", "--output=jsonpath={.spec.suspend}")
        for said in ("true", "false"):
            key = ANNOTATIONS["suspend"]
            kubectl("annotate", "--overwrite", "datacube", waits, f"{key}={said}")
            until(lambda said=said: kubectl(*job) == said)
    wait_in_vain(kubectl, until, f"{name}-podless")


def wait_in_vain(kubectl: Any, until: Callable[..., Any], name: str) -> None:
    """Let a DataCube have a Job that nobody makes a pod for, and say why."""
    kubectl("create", "--filename=-", text=cube(name, NOBODY, suspend="true"))
    said = ("get", "datacube", name, "--output=jsonpath={.metadata.uid} {.status}")
    until(lambda: "Suspended" in kubectl(*said))
    owner = {"apiVersion": "tensorstack.dev/v1beta1", "kind": "DataCube", "name": name}
    owner |= {"uid": kubectl(*said).split()[0], "controller": True}
    pod = {"restartPolicy": "Never", "containers": [{"name": "transfer", "image": "none"}]}
    metadata = {"name": f"{name}-batchjob", "labels": MANAGED_BY, "ownerReferences": [owner]}
    spec = {"managedBy": "example.com/nobody", "template": {"spec": pod}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
    kubectl("create", "--filename=-", text=json.dumps(job))
    uid = kubectl("get", "job", f"{name}-batchjob", "--output=jsonpath={.metadata.uid}")
    about = {"kind": "Job", "namespace": "default", "name": f"{name}-batchjob", "uid": uid}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}}
    event |= {"involvedObject": about, "reason": "FailedCreate", "message": "exceeded quota: q"}
    kubectl("create", "--filename=-", text=json.dumps(event))
    kubectl("annotate", "--overwrite", "datacube", name, f"{ANNOTATIONS['suspend']}=false")
    until(lambda: "no pod yet: FailedCreate: exceeded quota: q" in kubectl(*said))


def test_it_never_asks_for_secrets_nor_may() -> None:
    for name, home in HOMES.items():
        rights = Account.of(build(DEPLOY / name), ACCOUNT).rights
        assert "secrets" not in {right.resource for right in rights}
        assert {right.namespace for right in rights if right.resource == "leases"} == {home}


def test_a_namespaced_controller_may_nothing_elsewhere() -> None:
    rights = Account.of(build(DEPLOY / "namespaced"), ACCOUNT).rights
    assert {right.namespace for right in rights} == {"default"}
