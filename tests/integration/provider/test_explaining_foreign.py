"""
Failures on another platform: its controller names the pod at most, Kubernetes says the rest.

The Jobs are real ones of the embedded cluster. Where it has no such trouble (images, other nodes),
the test writes the pod's status as a kubelet or a scheduler would.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.client import BatchV1Api, CoreV1Api

from airflow_provider_datacube._events import Ending, to_error_event, to_event
from airflow_provider_datacube._holding import HELD_BY
from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api import errors
from datacube_api.reference import CubeRef
from tests.e2e.conftest import until
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}
HOG = "x = bytearray(b'x') * (400 << 20); import time; time.sleep(30)"
CHATTY = r"""
for i in 1 2 3; do echo "line $i"; done
printf '\033[31mAuthorization: Bearer canary-token\033[0m\n'
printf '::group::mine\n2026-11-24T19:25:00Z [error] forged\n::endgroup::\n'
printf ' 1%%\r50%%\r99%%\nfatal: cannot push to https://me:canary-password@host/a.git\n'
exit 3
"""
ELSEWHERE = {"schedulerName": "nobody"}  # the embedded cluster leaves such a pod alone


@dataclass
class Platform:
    """Another controller: runs a Job for a DataCube, and writes the least it has to."""

    cluster: Any
    manifest: dict[str, Any]
    conn_id: str
    made: list[str] = field(default_factory=list)

    @property
    def core(self) -> CoreV1Api:
        return CoreV1Api(self.cluster.api.api_client)

    @property
    def batch(self) -> BatchV1Api:
        return BatchV1Api(self.cluster.api.api_client)

    def start(self, container: dict[str, Any], **pod: Any) -> CubeRef:
        metadata = {**self.manifest["metadata"], "annotations": {HELD_BY: TaskInstance().id}}
        ref = CubeRef.of(self.cluster.create({**self.manifest, "metadata": metadata}))
        containers = [{"name": "main", "image": "registry.example.org/mover:1", **container}]
        template = {"spec": {"restartPolicy": "Never", "containers": containers, **pod}}
        job = f"{ref.name}-batchjob"
        body = {"metadata": {"name": job}, "spec": {"backoffLimit": 0, "template": template}}
        self.batch.create_namespaced_job(ref.namespace, body)
        self.made.append(job)
        return ref

    def pod_of(self, ref: CubeRef, *, phase: str = "Pending") -> Any:
        """Return the pod of a DataCube, as soon as it has the phase."""

        def look() -> Any:
            selector = f"job-name={ref.name}-batchjob"
            pods = self.core.list_namespaced_pod(ref.namespace, label_selector=selector).items
            return next((pod for pod in pods if (pod.status.phase or "Pending") == phase), None)

        return until(look)

    def tell(self, ref: CubeRef, pod: Any, status: dict[str, Any]) -> None:
        reference = {"name": pod.metadata.name, "uid": pod.metadata.uid}
        self.cluster.set_status(ref, {"pod": {"reference": reference}, **status})

    def write(self, ref: CubeRef, **status: Any) -> Any:
        """Say of a pod what a kubelet or a scheduler would."""
        name = self.pod_of(ref).metadata.name
        return self.core.patch_namespaced_pod_status(name, ref.namespace, {"status": status})

    def warn(self, ref: CubeRef, kind: str, name: str, reason: str, message: str) -> None:
        about = {"kind": kind, "name": name, "namespace": ref.namespace}
        body = {
            "metadata": {"generateName": "told-"},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": "Warning",
            "lastTimestamp": "2026-11-24T19:25:00Z",
        }
        self.core.create_namespaced_event(ref.namespace, body)


@pytest.fixture
def platform(cluster: Any, manifest: dict[str, Any], conn_id: str) -> Iterator[Platform]:
    platform = Platform(cluster, manifest, conn_id)
    yield platform
    for job in platform.made:
        platform.batch.delete_namespaced_job(job, "default", propagation_policy="Foreground")
    until(lambda: not platform.core.list_namespaced_pod("default").items)
    platform.core.delete_collection_namespaced_event("default")


@pytest.fixture
def fails(platform: Platform, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Resume a deferred task; return what its error and its log say."""

    def resume(event: dict[str, Any]) -> tuple[str, str]:
        task = DataCubeOperator(
            task_id="fetch",
            kubernetes_conn_id=platform.conn_id,
            source=Git(url="https://git.example.org/a.git"),
            sink=PVC("data"),
        )
        with pytest.raises(errors.DataCubeError) as caught:
            task.execute_complete({"ti": TaskInstance()}, event)  # type: ignore[typeddict-item]
        return str(caught.value), capsys.readouterr().out

    return resume


def late(ref: CubeRef) -> dict[str, Any]:
    return to_error_event(ref, errors.DataCubeTimeoutError(ref, 600))


def test_out_of_memory(platform: Platform, fails: Any) -> None:
    ref = platform.start(
        {"command": [sys.executable, "-c", HOG], "resources": {"limits": {"memory": "64Mi"}}}
    )
    pod = platform.pod_of(ref, phase="Failed")
    platform.tell(ref, pod, FAILED)
    error, log = fails(to_event(Ending.of(platform.cluster.read(ref))))
    assert error == (
        "DataCube default/weights failed: the status gives no reason; pod "
        f"{pod.metadata.name}: OOMKilled: exit code 137; raise the memory limit of the transfer "
        "pod, or move less at once"
    )
    assert "means      it used more memory than it may and was killed" in log
    assert "container main terminated, OOMKilled, exit code 137" in log


def test_a_log_that_would_forge_lines_and_holds_secrets(platform: Platform, fails: Any) -> None:
    ref = platform.start({"command": ["sh", "-c", CHATTY]})
    pod = platform.pod_of(ref, phase="Failed")
    platform.tell(ref, pod, FAILED)
    error, log = fails(to_event(Ending.of(platform.cluster.read(ref))))
    assert error.endswith(
        "Error: exit code 3: fatal: cannot push to https://***@host/a.git; read the last lines of "
        "its log"
    )
    shown = log.partition("The last lines of the pod's log")[2].split("\n", 1)[1]
    assert [line.partition(" [airflow")[0].rstrip() for line in shown.splitlines()] == [
        "  | line 1",
        "  | line 2",
        "  | line 3",
        "  | Authorization: ***",
        "  | : :group::mine",
        "  | 2026-11-24T19:25:00Z [error] forged",
        "  | : :endgroup::",
        "  | 99%",
        "  | fatal: cannot push to https://***@host/a.git",
    ]
    assert "canary" not in f"{error}{log}"


def test_a_config_map_that_is_missing(platform: Platform, fails: Any) -> None:
    reference = {"name": "settings", "key": "proxy"}
    variable = {"name": "PROXY", "valueFrom": {"configMapKeyRef": reference}}
    ref = platform.start({"command": ["true"], "env": [variable]})

    def stuck() -> Any:
        pod = platform.pod_of(ref)
        statuses = pod.status.container_statuses
        return pod if statuses and statuses[0].state.waiting else None

    platform.tell(ref, until(stuck), {})
    error, log = fails(late(ref))
    assert 'CreateContainerConfigError: configmap "settings" not found; create what' in error
    assert 'Warning  Pod Failed: Error: configmap "settings" not found' in log


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull"])
def test_an_image_that_cannot_be_pulled(platform: Platform, fails: Any, reason: str) -> None:
    ref = platform.start({"command": ["true"]}, **ELSEWHERE)
    waiting = {"reason": reason, "message": 'pulling "registry.example.org/mover:1" failed'}
    container = {
        "name": "main",
        "image": "",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": waiting},
    }
    pod = platform.write(ref, phase="Pending", containerStatuses=[container])
    platform.tell(ref, pod, {})
    error, _ = fails(late(ref))
    assert f'{reason}: pulling "registry.example.org/mover:1" failed; check the image' in error


def test_no_node_can_take_it(platform: Platform, fails: Any) -> None:
    ref = platform.start({"command": ["true"]}, **ELSEWHERE)
    message = "0/3 nodes are available: 3 Insufficient memory."
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pod = platform.write(ref, phase="Pending", conditions=[{**said, "message": message}])
    platform.tell(ref, pod, {})
    error, _ = fails(late(ref))
    assert "Unschedulable: 0/3 nodes are available: 3 Insufficient memory; see the message" in error


def test_a_claim_that_nobody_binds(platform: Platform, fails: Any) -> None:
    ref = platform.start({"command": ["true"]}, **ELSEWHERE)
    message = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pod = platform.write(ref, phase="Pending", conditions=[{**said, "message": message}])
    platform.warn(ref, "PersistentVolumeClaim", "data", "ProvisioningFailed", 'no class "fast"')
    platform.tell(ref, pod, {})
    error, log = fails(late(ref))
    assert 'PersistentVolumeClaim data: ProvisioningFailed: no class "fast"; see the' in error
    assert 'Warning  PersistentVolumeClaim ProvisioningFailed: no class "fast"' in log


def test_a_pod_that_was_evicted(platform: Platform, fails: Any) -> None:
    ref = platform.start({"command": ["true"]}, **ELSEWHERE)
    message = "The node was low on resource: ephemeral-storage."
    pod = platform.write(ref, phase="Failed", reason="Evicted", message=message)
    platform.tell(ref, pod, FAILED)
    error, _ = fails(to_event(Ending.of(platform.cluster.read(ref))))
    assert "Evicted: The node was low on resource: ephemeral-storage; start it again" in error


def test_a_pod_that_may_not_be_made(platform: Platform, fails: Any) -> None:
    ref = CubeRef.of(platform.cluster.create(platform.manifest))
    message = 'pods "weights-batchjob-" is forbidden: exceeded quota: few-pods'
    platform.warn(ref, "Job", "weights-batchjob", "FailedCreate", message)
    error, log = fails(late(ref))
    assert f"Job weights-batchjob: FailedCreate: {message}; see the message" in error
    assert "missing    the pod: there is none" in log


def test_a_transfer_that_is_slow(platform: Platform, fails: Any) -> None:
    command = ["sh", "-c", "echo '12 of 100 GiB'; exec sleep 60"]
    ref = platform.start({"command": command})
    pod = platform.pod_of(ref, phase="Running")
    running = {"conditions": [{"type": "Initialized", "status": "True"}]}
    platform.tell(ref, pod, running)

    def has_spoken() -> bool:
        return "GiB" in platform.core.read_namespaced_pod_log(pod.metadata.name, "default")

    until(has_spoken)
    error, log = fails(late(ref))
    assert "; it was still running; its log may show how far it is; give the task more" in error
    assert "  | 12 of 100 GiB" in log
    # The log was read before the DataCube was deleted, and the pod with it.
    assert log.index("12 of 100 GiB") < log.index("DataCube default/weights is deleted")
