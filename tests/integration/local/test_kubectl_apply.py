from __future__ import annotations

import json
from typing import Any

SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: ssa}
data: {since: 2026-01-01T00:00:00Z, size: "1"}
"""


def owners(cluster: Any, what: str) -> set[tuple[str, str]]:
    shown = cluster.kubectl("get", what, "-o", "json", "--show-managed-fields")
    entries = json.loads(shown)["metadata"]["managedFields"]
    return {(entry["manager"], entry["operation"]) for entry in entries}


def test_kubectl_applies_on_the_server_side(cluster: Any) -> None:
    made = cluster.kubectl("apply", "--server-side", "-f", "-", text=SETTINGS)
    assert made == "configmap/ssa serverside-applied\n"
    assert owners(cluster, "cm/ssa") == {("kubectl", "Apply")}
    assert "managedFields" not in cluster.kubectl("get", "cm/ssa", "-o", "yaml")
    assert "2026-01-01T00:00:00Z" in cluster.kubectl("get", "cm/ssa", "-o", "yaml")
    other = SETTINGS.replace('"1"', '"2"')
    said = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    refused = cluster.kubectl(*said, text=other, fails=True)
    assert 'conflict with "kubectl": .data.size' in refused
    cluster.kubectl(*said, "--force-conflicts", text=other)
    assert owners(cluster, "cm/ssa") == {("kubectl", "Apply"), ("other", "Apply")}


def test_kubectl_goes_over_from_client_side_to_server_side(cluster: Any) -> None:
    settings = SETTINGS.replace("ssa", "csa")
    cluster.kubectl("apply", "-f", "-", text=settings)
    assert owners(cluster, "cm/csa") == {("kubectl-client-side-apply", "Update")}
    cluster.kubectl("apply", "--server-side", "-f", "-", text=settings.replace('"1"', '"2"'))
    assert owners(cluster, "cm/csa") == {("kubectl", "Apply"), ("kubectl-last-applied", "Apply")}
    cluster.kubectl("apply", "--server-side", "-f", "-", text=settings.replace(', size: "1"', ""))
    assert json.loads(cluster.kubectl("get", "cm/csa", "-o", "json"))["data"].keys() == {"since"}
