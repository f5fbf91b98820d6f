"""What a cluster refuses of a pod that here only runs as a process: each cause by its field."""

from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.kinds.podspec.defaults import complete_pod
from datacube_runtime.local.registry.kinds.podspec.rules import spec_problems

EXEC = {"exec": {"command": ["true"]}}


def problems(container: dict[str, Any] | None = None, **spec: Any) -> list[str]:
    whole = {"containers": [{"name": "c", "image": "x", **(container or {})}], **spec}
    complete_pod(whole)
    return [str(cause) for cause in spec_problems(whole, "spec")]


def fields(found: list[str]) -> list[str]:
    return [problem.removeprefix("spec.").partition(": ")[0] for problem in found]


@pytest.mark.parametrize(
    ("container", "problem"),
    [
        ({"livenessProbe": {}}, "livenessProbe: Required value: must specify a handler type"),
        ({"livenessProbe": {"exec": {}}}, "livenessProbe.exec.command: Required value"),
        (
            {"livenessProbe": {**EXEC, "successThreshold": 2}},
            "livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            {"startupProbe": {**EXEC, "periodSeconds": -1}},
            "startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"readinessProbe": {**EXEC, "terminationGracePeriodSeconds": 1}},
            (
                "readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: "
                "must not be set for readinessProbes"
            ),
        ),
        (
            {"readinessProbe": {"tcpSocket": {"port": 0}}},
            (
                "readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, "
                "inclusive"
            ),
        ),
        (
            {"readinessProbe": {"tcpSocket": {"port": "a_b"}}},
            (
                'readinessProbe.tcpSocket.port: Invalid value: "a_b": must contain only '
                "alpha-numeric characters (a-z, 0-9), and hyphens (-)"
            ),
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 80, "scheme": "FTP"}}},
            (
                'readinessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: '
                '"HTTP", "HTTPS"'
            ),
        ),
        (
            {"readinessProbe": {**EXEC, "grpc": {"port": 1}}},
            "readinessProbe.grpc: Forbidden: may not specify more than 1 handler type",
        ),
        (
            {"lifecycle": {"postStart": {}}},
            "lifecycle.postStart: Required value: must specify a handler type",
        ),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
            (
                "lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than "
                "terminationGracePeriodSeconds (30)"
            ),
        ),
        (
            {"ports": [{"name": "-", "containerPort": 1}]},
            'ports[0].name: Invalid value: "-": must contain at least one letter (a-z)',
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            (
                "securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, "
                "inclusive"
            ),
        ),
        (
            {"securityContext": {"procMount": "Half"}},
            (
                'securityContext.procMount: Unsupported value: "Half": supported values: '
                '"Default", "Unmasked"'
            ),
        ),
        (
            {"securityContext": {"allowPrivilegeEscalation": False, "privileged": True}},
            (
                "securityContext: Invalid value: cannot set `allowPrivilegeEscalation` to false "
                "and `privileged` to true"
            ),
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]},
            (
                'env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported '
                'values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", '
                '"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", '
                '"status.podIPs"'
            ),
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {}}}]},
            "env[0].valueFrom.resourceFieldRef.resource: Required value",
        ),
    ],
)
def test_what_is_wrong_with_a_container_is_named(container: dict[str, Any], problem: str) -> None:
    found = problems(container)
    assert f"spec.containers[0].{problem}" in found
    assert all(name.startswith("containers[0].") for name in fields(found))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"nodeSelector": {"a": "b c"}}, "nodeSelector"),
        ({"securityContext": {"fsGroup": 2**31}}, "securityContext.fsGroup"),
        (
            {"securityContext": {"supplementalGroups": [1, -1]}},
            "securityContext.supplementalGroups[1]",
        ),
        (
            {"securityContext": {"fsGroupChangePolicy": "Never"}},
            "securityContext.fsGroupChangePolicy",
        ),
        ({"securityContext": {"seccompProfile": {}}}, "securityContext.seccompProfile.type"),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            "securityContext.seccompProfile.localhostProfile",
        ),
        (
            {"securityContext": {"appArmorProfile": {"type": "Strict"}}},
            "securityContext.appArmorProfile.type",
        ),
        (
            {"securityContext": {"sysctls": [{"name": "A", "value": "1"}]}},
            "securityContext.sysctls[0].name",
        ),
        (
            {"shareProcessNamespace": True, "hostPID": True},
            "securityContext.shareProcessNamespace",
        ),
        ({"tolerations": [{"operator": "Equal"}]}, "tolerations[0].operator"),
        ({"tolerations": [{"key": "k", "operator": "Like"}]}, "tolerations[0].operator"),
        ({"tolerations": [{"operator": "Exists", "value": "v"}]}, "tolerations[0].operator"),
        ({"tolerations": [{"operator": "Exists", "effect": "No"}]}, "tolerations[0].effect"),
        (
            {"tolerations": [{"operator": "Exists", "tolerationSeconds": 1}]},
            "tolerations[0].effect",
        ),
        ({"readinessGates": [{"conditionType": "a b"}]}, "readinessGates[0].conditionType"),
        ({"schedulingGates": [{"name": "a"}, {"name": "a"}]}, "schedulingGates[1]"),
        ({"preemptionPolicy": "Maybe"}, "preemptionPolicy"),
    ],
)
def test_what_is_wrong_with_a_pod_is_named(spec: dict[str, Any], problem: str) -> None:
    assert fields(problems(**spec)) == [problem]


def node_affinity(**rules: Any) -> dict[str, Any]:
    return {"nodeAffinity": rules}


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"key": "a", "operator": "In"}, ".values"),
        ({"key": "a", "operator": "Exists", "values": ["b"]}, ".values"),
        ({"key": "a", "operator": "Gt", "values": ["1", "2"]}, ".values"),
        ({"key": "a", "operator": "Is", "values": ["1"]}, ".operator"),
        ({"key": "a b", "operator": "Exists"}, ".key"),
        ({"key": "a", "operator": "In", "values": ["b", "c d"]}, ".values[1]"),
    ],
)
def test_a_rule_about_nodes_has_to_make_sense(rule: dict[str, Any], where: str) -> None:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    (field,) = fields(problems(affinity=node_affinity(**{required: terms})))
    path = f"affinity.nodeAffinity.{required}.nodeSelectorTerms[0].matchExpressions[0]"
    assert field == path + where


def test_affinity_is_weighed_and_says_where() -> None:
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    nodes = {required: {}, preferred: [{"weight": 0, "preference": {}}]}
    pods = {required: [{"labelSelector": {"matchLabels": {"a": "b c"}}, "topologyKey": ""}]}
    found = fields(problems(affinity={"nodeAffinity": nodes, "podAffinity": pods}))
    assert found[:3] == [
        f"affinity.nodeAffinity.{required}.nodeSelectorTerms",
        f"affinity.nodeAffinity.{preferred}[0].weight",
        f"affinity.podAffinity.{required}[0].labelSelector.matchLabels",
    ]
    assert set(found[3:]) == {f"affinity.podAffinity.{required}[0].topologyKey"}


def test_a_rule_how_to_spread_is_whole_and_stands_once() -> None:
    rule = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    found = fields(problems(topologySpreadConstraints=[{**rule, "minDomains": 1}, rule, {}]))
    assert found == [
        "topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}",
        "topologySpreadConstraints[0].minDomains",
        "topologySpreadConstraints[2].maxSkew",
        "topologySpreadConstraints[2].topologyKey",
        "topologySpreadConstraints[2].whenUnsatisfiable",
    ]


def test_a_file_tells_one_thing_and_stands_once() -> None:
    name = {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}
    items = [name, {"path": "../b"}, {"path": "c", "fieldRef": {"fieldPath": "spec.nodeName"}}]
    sources = [{"downwardAPI": {"items": items}}, {"secret": {"name": "s", "items": [
        {"key": "k", "path": "a"}]}}, {"configMap": {}}]  # fmt: skip
    found = fields(problems(volumes=[{"name": "v", "projected": {"sources": sources}}]))
    path = "volumes[0].projected"
    assert found == [
        f"{path}.sources[0].downwardAPI.items[1].path",
        f"{path}.sources[0].downwardAPI.items[1]",
        f"{path}.sources[0].downwardAPI.items[2].fieldRef.fieldPath",
        path,
        f"{path}.sources[2].configMap.name",
    ]


def test_a_good_pod_has_all_of_it() -> None:
    zone = {"key": "zone", "operator": "In", "values": ["a", ""]}
    term = {"topologyKey": "zone", "labelSelector": {"matchExpressions": [zone]}}
    assert not problems(
        {
            "livenessProbe": {"httpGet": {"port": "web", "httpHeaders": [{"name": "X-A"}]}},
            "readinessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 3},
            "startupProbe": {"grpc": {"port": 80}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 0}}},
            "securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        },
        securityContext={"fsGroup": 1000, "sysctls": [{"name": "net.core/somaxconn"}]},
        nodeSelector={"kubernetes.io/os": "linux"},
        tolerations=[{"operator": "Exists"}, {"key": "k", "value": "v", "effect": "NoSchedule"}],
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "n", "operator": "Gt", "values": ["1"]}]},
                        {"matchFields": [{**zone, "key": "metadata.name", "values": ["n"]}]},
                    ]
                }
            },
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 100, "podAffinityTerm": term}
                ]
            },
        },
        topologySpreadConstraints=[{**term, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}],
        initContainers=[
            {"name": "i", "image": "x", "restartPolicy": "Always", "startupProbe": EXEC}
        ],
    )


def test_what_runs_first_has_no_probes() -> None:
    first = {"name": "i", "image": "x", "livenessProbe": EXEC, "lifecycle": {"preStop": EXEC}}
    assert fields(problems(initContainers=[first])) == [
        "initContainers[0].lifecycle",
        "initContainers[0].livenessProbe",
    ]
