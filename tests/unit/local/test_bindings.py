from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.local.registry.registry import Registry

    Make = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def waiting(registry: Registry, pod: Make) -> dict[str, Any]:
    return registry.create(PODS, "default", pod("p"))


def test_a_bound_pod_is_scheduled_and_has_what_the_binding_brings(
    registry: Registry, binding: Make
) -> None:
    sent = binding("p", "here")
    sent["metadata"]["labels"] = {"a": "b"}
    registry.bindings.bind("default", "p", sent)
    found = registry.get(PODS, "default", "p")
    assert found["spec"]["nodeName"] == "here"
    assert found["metadata"]["labels"] == {"a": "b"}
    (condition,) = found["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")


def test_what_was_said_of_the_pods_scheduling_before_is_over(
    registry: Registry, binding: Make
) -> None:
    before = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"},
        {"type": "example.org/own", "status": "True"},
    ]
    status = {"status": {"conditions": before}}
    registry.patch(PODS, "default", "p", status, subresource="status")
    registry.bindings.bind("default", "p", binding("p"))
    found = registry.get(PODS, "default", "p")["status"]["conditions"]
    assert [(c["type"], c["status"]) for c in found] == [
        ("example.org/own", "True"),
        ("PodScheduled", "True"),
    ]
    assert "reason" not in found[1]


def test_a_dry_run_binds_nothing(registry: Registry, binding: Make) -> None:
    registry.bindings.bind("default", "p", binding("p"), Write(dry_run=True))
    assert "nodeName" not in registry.get(PODS, "default", "p")["spec"]


def test_a_pod_that_is_being_deleted_gets_no_node(
    registry: Registry, pod: Make, binding: Make
) -> None:
    made = pod("leaving")
    made["metadata"]["finalizers"] = ["example.org/f"]
    registry.create(PODS, "default", made)
    registry.delete(PODS, "default", "leaving")
    with pytest.raises(ApiStatusError, match="is being deleted, cannot be assigned") as caught:
        registry.bindings.bind("default", "leaving", binding("leaving"))
    assert caught.value.code == 409
