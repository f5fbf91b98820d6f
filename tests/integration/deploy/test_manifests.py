"""The manifests that are installed, held to the API's own schemas and to what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from datacube_api.models import DataCube
from datacube_runtime.controller import process
from datacube_runtime.controller.arguments import Command, command
from datacube_runtime.controller.election import Times
from datacube_runtime.controller.job import job_manifest
from datacube_runtime.controller.settings import Settings
from tests.integration.deploy.podsecurity import problems
from tests.rights.building import DEPLOY, ROOT, build

if TYPE_CHECKING:
    from pathlib import Path

KUSTOMIZATIONS = sorted(
    str(path.parent.relative_to(DEPLOY))
    for path in DEPLOY.rglob("kustomization.yaml")
    if path.parent.name != "controller"  # the others' base
)
INSTALLATIONS = ("cluster-wide", "example", "namespaced")
ACCOUNTS = (*INSTALLATIONS, "airflow/run", "airflow/watch", "compose")
VERSIONS = ("1.30", "1.37")
CUBES = sorted((ROOT / "tests/contract/manifests").glob("*.yaml"))
CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}


def one(name: str, kind: str) -> dict[str, Any]:
    (found,) = (m for m in build(DEPLOY / name) if m["kind"] == kind)
    return found


def pod_of(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = one(name, "Deployment")["spec"]["template"]["spec"]
    return spec


def arguments(name: str) -> Command:
    """Return how the controller is started, as the kubelet expands it."""
    (container,) = pod_of(name)["containers"]
    values = {"POD_NAMESPACE": "team", "TRANSFER_IMAGE": "mirror/runtime:1"}
    assert set(values) == {variable["name"] for variable in container["env"]}
    words = container["args"]
    for variable, value in values.items():
        words = [word.replace(f"$({variable})", value) for word in words]
    return command(words)


def job_of(manifest: Path) -> dict[str, Any]:
    cube = yaml.safe_load(manifest.read_text())
    cube["metadata"] = {**cube["metadata"], "namespace": "team", "uid": "u"}
    return job_manifest(cube, DataCube.model_validate(cube).spec, Settings())


def test_all_kustomizations_are_known() -> None:
    known = {".", "airflow/run", "airflow/watch", "compose", *INSTALLATIONS, "transfers"}
    assert set(KUSTOMIZATIONS) == known


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_every_manifest_keeps_to_the_schema_of_its_kind(name: str, version: str) -> None:
    for manifest in build(DEPLOY / name):
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("manifest", CUBES, ids=lambda path: path.stem)
def test_a_job_keeps_to_the_schema_and_to_the_restricted_profile(manifest: Path) -> None:
    job = job_of(manifest)
    kubernetes_validate.validate(job, VERSIONS[0], strict=True)
    pod = job["spec"]["template"]["spec"]
    if "securityContext" not in (
        yaml.safe_load(manifest.read_text())["spec"].get("executor") or {}
    ):
        assert problems(pod) == []
    assert pod["automountServiceAccountToken"] is False


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    wrong = {**one("namespaced", "Deployment"), "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="spce"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_controller_keeps_to_the_restricted_profile(name: str) -> None:
    pod = pod_of(name)
    assert problems(pod) == []
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_controller_asks_for_its_share_and_cannot_eat_the_nodes_memory(name: str) -> None:
    (container,) = pod_of(name)["containers"]
    resources = container["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}  # of CPU none: it may cost the Lease


@pytest.mark.parametrize("name", ACCOUNTS)
def test_only_a_pod_that_asks_for_it_gets_the_token_of_an_account(name: str) -> None:
    accounts = [m for m in build(DEPLOY / name) if m["kind"] == "ServiceAccount"]
    assert accounts
    for account in accounts:
        assert account["automountServiceAccountToken"] is False, account["metadata"]["name"]


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_controllers_pod_asks_for_its_token(name: str) -> None:
    pod = pod_of(name)
    assert pod["automountServiceAccountToken"] is True
    assert pod["serviceAccountName"] == "datacube-controller"


def test_the_profile_refuses_what_is_left_open() -> None:
    pod = pod_of("namespaced")
    (container,) = pod["containers"]
    assert problems({**pod, "securityContext": {}}) == [
        "controller: runAsNonRoot",
        "controller: seccompProfile",
    ]
    open_ = {**pod, "hostPID": True, "containers": [{**container, "securityContext": {}}]}
    assert problems(open_) == [
        "hostPID", "controller: allowPrivilegeEscalation", "controller: capabilities",
    ]  # fmt: skip
    assert problems({**pod, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}) == [
        "volumes: v"
    ]


def test_a_namespace_of_its_own_is_enforced_to_be_restricted() -> None:
    labels = one("cluster-wide", "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", ["namespaced", "transfers", "airflow/run", "airflow/watch"])
def test_nothing_of_a_namespaced_installation_is_cluster_wide(name: str) -> None:
    assert not CLUSTER_WIDE & {manifest["kind"] for manifest in build(DEPLOY / name)}
    assert {manifest["metadata"]["namespace"] for manifest in build(DEPLOY / name)} == {"default"}


def test_the_definition_goes_with_no_controller() -> None:
    assert [manifest["kind"] for manifest in build(DEPLOY)] == ["CustomResourceDefinition"]
    for name in INSTALLATIONS:
        assert "CustomResourceDefinition" not in {m["kind"] for m in build(DEPLOY / name)}


def test_the_controller_understands_how_it_is_started() -> None:
    everywhere, here = arguments("cluster-wide"), arguments("namespaced")
    assert everywhere.settings.namespaces == ()
    assert here.settings.namespaces == ("team",)
    for given in (everywhere, here):
        assert given.leader_elect
        assert given.settings.image == "mirror/runtime:1"
        assert given.listen == ("0.0.0.0", 8080)  # noqa: S104 - of a pod


def test_an_installation_of_ones_own_has_one_image_and_one_namespace() -> None:
    (container,) = pod_of("example")["containers"]
    written = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert container["image"] == "registry.example.com/team/datacube-runtime:0.1"
    assert written["TRANSFER_IMAGE"] == container["image"]
    assert {manifest["metadata"]["namespace"] for manifest in build(DEPLOY / "example")} == {"team"}
    subjects = {s["namespace"] for m in build(DEPLOY / "example") for s in m.get("subjects", ())}
    assert subjects == {"team"}


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_two_replicas_of_which_one_stays(name: str) -> None:
    deployment, budget = one(name, "Deployment"), one(name, "PodDisruptionBudget")
    assert deployment["spec"]["replicas"] == 2
    assert budget["spec"]["maxUnavailable"] == 1
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selector = budget["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"] == selector


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_pod_is_given_the_time_that_an_orderly_stop_takes(name: str) -> None:
    given_up_s = Times().renew_s / 2
    assert pod_of(name)["terminationGracePeriodSeconds"] > process._GRACE_S + given_up_s


def test_probes_ask_where_the_controller_answers() -> None:
    (container,) = pod_of("namespaced")["containers"]
    given = arguments("namespaced").listen
    assert given is not None
    (port,) = container["ports"]
    assert port["containerPort"] == given[1]
    asked = {
        probe: container[f"{probe}Probe"]["httpGet"]
        for probe in ("startup", "liveness", "readiness")
    }
    assert {get["port"] for get in asked.values()} == {port["name"]}
    assert [get["path"] for get in asked.values()] == ["/livez", "/livez", "/readyz"]


def network_of(name: str) -> dict[str, Any]:
    """Return the one NetworkPolicy that selects the controller's pods."""
    labels = one(name, "Deployment")["spec"]["template"]["metadata"]["labels"]
    policies = [m["spec"] for m in build(DEPLOY / name) if m["kind"] == "NetworkPolicy"]
    (policy,) = (p for p in policies if p["podSelector"]["matchLabels"].items() <= labels.items())
    return policy


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_who_reads_metrics_may_come_in_and_nobody_else(name: str) -> None:
    (rule,) = network_of(name)["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"metrics": "enabled"}}}]
    (port,) = pod_of(name)["containers"][0]["ports"]
    assert rule["ports"] == [{"port": port["name"]}]


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_controller_may_go_out_to_names_and_the_api_server(name: str) -> None:
    policy = network_of(name)
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    out = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert out == {53, 443, 6443}


def test_a_transfer_pod_is_listened_to_by_nobody() -> None:
    policy = one("transfers", "NetworkPolicy")["spec"]
    labels = job_of(CUBES[0])["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["policyTypes"] == ["Ingress"]
    assert "ingress" not in policy
