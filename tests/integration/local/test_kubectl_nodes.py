from __future__ import annotations

import json
from typing import Any

import pytest

NODE = "datacube-local"


def test_the_node_is_listed_with_the_columns_of_nodes(cluster: Any) -> None:
    head, row = cluster.kubectl("get", "nodes").splitlines()
    assert head.split() == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    name, status, roles, _age, version = row.split()
    assert (name, status, roles) == (NODE, "Ready", "<none>")
    assert version == json.loads(cluster.kubectl("get", "--raw", "/version"))["gitVersion"]


def test_the_node_is_described(cluster: Any) -> None:
    told = cluster.kubectl("describe", "node", NODE)
    for words in ("KubeletReady", "InternalIP:  127.0.0.1", "Non-terminated Pods:", "memory"):
        assert words in told


def test_the_node_is_waited_for_and_selected(cluster: Any) -> None:
    assert "condition met" in cluster.kubectl("wait", "node", NODE, "--for=condition=Ready")
    closed = ("get", "nodes", "-o", "name", "--field-selector")
    assert cluster.kubectl(*closed, "spec.unschedulable=true") == ""
    assert cluster.kubectl(*closed, "spec.unschedulable=false") == f"node/{NODE}\n"


def test_a_pod_says_that_it_is_on_the_node(cluster: Any) -> None:
    words = ("--image=none", "--restart=Never", "--command", "--", "true")
    cluster.kubectl("run", "kn-run", *words)
    cluster.kubectl("wait", "pod/kn-run", "--for=jsonpath={.status.phase}=Succeeded")
    on_node = ("get", "pods", f"--field-selector=spec.nodeName={NODE}", "-o", "name")
    assert "pod/kn-run\n" in cluster.kubectl(*on_node)
    cluster.kubectl("delete", "pod", "kn-run")


@pytest.mark.parametrize(
    "words",
    [
        ("annotate", "node", NODE, "a=b"),
        ("label", "node", NODE, "a=b"),
        ("taint", "node", NODE, "a=b:NoSchedule"),
        ("delete", "node", NODE),
        ("patch", "node", NODE, "--subresource=status", "--type=merge", "-p", "{}"),
    ],
)
def test_the_node_is_not_to_be_changed(cluster: Any, words: tuple[str, ...]) -> None:
    refused = cluster.kubectl(*words, fails=True)
    assert "the embedded cluster's nodes can be read and watched, not written" in refused


def test_what_the_node_lacks_is_said_to_be_left_out(cluster: Any) -> None:
    place = f"/api/v1/nodes/{NODE}/proxy/metrics"
    refused = cluster.kubectl("get", "--raw", place, fails=True)
    assert "the embedded cluster has no nodes/proxy" in refused
    assert "Metrics API not available" in cluster.kubectl("top", "nodes", fails=True)


def test_all_that_there_is_can_be_asked_for_at_once(cluster: Any) -> None:
    kinds = cluster.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    assert {"nodes", "pods", "datacubes.tensorstack.dev"} <= set(kinds)
    told = cluster.kubectl("get", ",".join(kinds), "-A", "-o", "name")
    assert f"node/{NODE}\n" in told
