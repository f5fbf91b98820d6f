"""Every pod that the controller makes passes the restricted profile, and asks for no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from datacube_api.models import DataCube
from datacube_api.pod_settings import PodSettings, Toleration
from datacube_runtime.controller.job import job_manifest
from tests.unit.controller.test_job_manifest import MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datacube_runtime.controller.settings import Settings

ASKED = PodSettings(
    node_selector={"disk": "ssd"},
    tolerations=(Toleration(operator="Exists"),),
    service_account="transfers",
    image_pull_secrets=("registry",),
)
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip


def violations(pod: dict[str, Any]) -> Iterator[str]:
    """
    Yield what the restricted profile has against a pod, as an admission controller would say.

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    whole = pod.get("securityContext", {})
    if any(pod.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
        yield "host namespaces"
    if not all(set(volume) - {"name"} <= _VOLUMES for volume in pod["volumes"]):
        yield "volume types"
    for container in [*pod["containers"], *pod.get("initContainers", ())]:
        own = container.get("securityContext", {})
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            yield "privileges"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield "capabilities"
        if own.get("runAsNonRoot", whole.get("runAsNonRoot")) is not True:
            yield "runs as root"
        if own.get("runAsUser", whole.get("runAsUser")) == 0:
            yield "is root"
        if own.get("seccompProfile", whole.get("seccompProfile")) != {"type": "RuntimeDefault"}:
            yield "seccomp"
        if any("hostPort" in port for port in container.get("ports", ())):
            yield "host ports"


@pytest.fixture(params=MANIFESTS, ids=lambda path: path.stem)
def cube(request: pytest.FixtureRequest) -> dict[str, Any]:
    path: Path = request.param
    cube: dict[str, Any] = yaml.safe_load(path.read_text())
    cube["metadata"] |= {"namespace": "default", "uid": "uid-1"}
    return cube


@pytest.fixture
def pod(cube: dict[str, Any], settings: Settings) -> dict[str, Any]:
    spec = DataCube.from_manifest(cube).spec
    job = job_manifest(cube, spec, settings, ASKED, "node-7")
    made: dict[str, Any] = job["spec"]["template"]["spec"]
    return made


def test_it_passes_the_restricted_profile(pod: dict[str, Any]) -> None:
    assert list(violations(pod)) == []


def test_it_gets_no_token_and_writes_to_its_own_tmp_only(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    (mount,) = (m for m in container["volumeMounts"] if m["mountPath"] == "/tmp")  # noqa: S108 - the pod's
    (volume,) = (v for v in pod["volumes"] if v["name"] == mount["name"])
    assert volume == {"name": "tmp", "emptyDir": {}}


def test_it_may_write_to_the_volume_of_a_download_only(
    cube: dict[str, Any], pod: dict[str, Any]
) -> None:
    (container,) = pod["containers"]
    (mount,) = (m for m in container["volumeMounts"] if m["name"] == "volume")
    is_upload = cube["spec"]["source"]["type"] == "pvc"
    assert mount.get("readOnly", False) is is_upload


def test_what_is_no_such_pod_is_found(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    container["securityContext"]["allowPrivilegeEscalation"] = True
    container["securityContext"]["capabilities"] = {}
    pod["securityContext"] = {"runAsUser": 0}
    pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    assert set(violations(pod)) == {
        "privileges", "capabilities", "runs as root", "is root", "seccomp", "volume types",
    }  # fmt: skip
