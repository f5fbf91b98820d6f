from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from datacube_runtime.local.apiserver.tables import nodes

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def node(labels: dict[str, str] | None = None, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n", "labels": labels or {}}, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        ([], "Unknown"),
        ([{"type": "Ready", "status": "True"}], "Ready"),
        ([{"type": "Ready", "status": "False"}], "NotReady"),
        ([{"type": "Ready", "status": "Unknown"}], "NotReady"),
        ([{"type": "DiskPressure", "status": "True"}], "Unknown"),
    ],
)
def test_a_node_is_as_ready_as_its_condition_says(conditions: list[Any], shown: str) -> None:
    assert nodes.state(node(conditions=conditions), NOW) == shown


def test_a_node_that_takes_no_pods_says_so() -> None:
    closed = {**node(conditions=[]), "spec": {"unschedulable": True}}
    assert nodes.state(closed, NOW) == "Unknown,SchedulingDisabled"


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ({"kubernetes.io/os": "linux"}, "<none>"),
        ({"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/a": "x"}, "a,worker"),
        ({"kubernetes.io/role": "worker"}, "worker"),
    ],
)
def test_roles_are_read_from_labels(labels: dict[str, str], shown: str) -> None:
    assert nodes.roles(node(labels), NOW) == shown


def test_the_first_address_of_a_kind_is_shown() -> None:
    said = [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "127.0.0.1"}]
    assert nodes.address("InternalIP")(node(addresses=said), NOW) == "127.0.0.1"
    assert nodes.address("ExternalIP")(node(addresses=said), NOW) == "<none>"
