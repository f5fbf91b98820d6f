"""What may change of a pod that is there, and what one cannot begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry

Make = Any


def refusal(registry: Registry, patch: dict[str, Any], **spec: Any) -> str:
    made = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}], **spec}
    registry.create(PODS, "default", {"metadata": {"name": "p"}, "spec": made})
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(PODS, "default", "p", {"spec": patch})
    (cause,) = caught.value.details["causes"]
    return f"{cause['field']}: {cause['message']}"


@pytest.mark.parametrize(
    ("before", "patch", "problem"),
    [
        (
            {"activeDeadlineSeconds": 5},
            {"activeDeadlineSeconds": 6},
            (
                "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to "
                "previous value"
            ),
        ),
        (
            {"activeDeadlineSeconds": 5},
            {"activeDeadlineSeconds": None},
            (
                "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive "
                "integer to nil value"
            ),
        ),
        (
            {"tolerations": [{"key": "k", "operator": "Exists"}]},
            {"tolerations": []},
            (
                "spec.tolerations: Forbidden: existing toleration can not be modified except its "
                "tolerationSeconds"
            ),
        ),
        (
            {},
            {"containers": [{"name": "c", "image": "x"}, {"name": "d", "image": "x"}]},
            "spec.containers: Forbidden: pod updates may not add or remove containers",
        ),
    ],
)
def test_of_a_pod_little_may_change(
    registry: Registry, before: dict[str, Any], patch: dict[str, Any], problem: str
) -> None:
    assert refusal(registry, patch, **before) == problem


def test_a_pod_keeps_its_time_to_end(registry: Registry) -> None:
    assert refusal(registry, {"terminationGracePeriodSeconds": 5}).startswith("spec: Forbidden")


def test_a_deadline_may_come_nearer_and_a_toleration_be_added(
    registry: Registry, pod: Make
) -> None:
    made = registry.create(PODS, "default", pod("p"))
    more = [{"key": "k", "operator": "Exists"}, *made["spec"]["tolerations"]]
    registry.patch(PODS, "default", "p", {"spec": {"activeDeadlineSeconds": 5}})
    patch = {"spec": {"activeDeadlineSeconds": 4, "tolerations": more}}
    assert registry.patch(PODS, "default", "p", patch)["spec"]["tolerations"] == more


def test_a_pod_cannot_begin_on_a_node_behind_a_gate(registry: Registry, pod: Make) -> None:
    made = pod("p")
    made["spec"] |= {"nodeName": "n", "schedulingGates": [{"name": "g"}]}
    with pytest.raises(ApiStatusError, match="until all schedulingGates have been cleared"):
        registry.create(PODS, "default", made)
