from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import JOBS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry

Make = Any
CODES = {"operator": "In", "values": [1, 2]}


def fields(registry: Registry, job: dict[str, Any]) -> list[str]:
    with pytest.raises(ApiStatusError) as caught:
        registry.create(JOBS, "default", job)
    return [cause["field"] for cause in caught.value.details["causes"]]


def changed(registry: Registry, spec: dict[str, Any]) -> list[str]:
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(JOBS, "default", "j", {"spec": spec})
    return [cause["field"] for cause in caught.value.details["causes"]]


def template(**pod: Any) -> dict[str, Any]:
    return {"template": {"spec": pod}}


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"onExitCodes": CODES}, ".action"),
        ({"action": "Other", "onExitCodes": CODES}, ".action"),
        ({"action": "FailIndex", "onExitCodes": CODES}, ".action"),
        ({"action": "Count"}, ""),
        (
            {"action": "Count", "onExitCodes": {**CODES, "operator": "Near"}},
            ".onExitCodes.operator",
        ),
        ({"action": "Count", "onExitCodes": {**CODES, "values": []}}, ".onExitCodes.values"),
        ({"action": "Count", "onExitCodes": {**CODES, "values": [2, 1]}}, ".onExitCodes.values"),
        ({"action": "Count", "onExitCodes": {**CODES, "values": [0]}}, ".onExitCodes.values[0]"),
        ({"action": "Count", "onExitCodes": {**CODES, "values": [1, 1]}}, ".onExitCodes.values[1]"),
        (
            {"action": "Count", "onExitCodes": {**CODES, "containerName": "other"}},
            ".onExitCodes.containerName",
        ),
        (
            {"action": "Count", "onPodConditions": [{"type": "A", "status": "Maybe"}]},
            ".onPodConditions[0].status",
        ),
    ],
)
def test_a_rule_for_failures_is_refused_by_its_field(
    registry: Registry, job: Make, rule: Any, field: str
) -> None:
    bad = job("j", podFailurePolicy={"rules": [rule]})
    assert fields(registry, bad) == [f"spec.podFailurePolicy.rules[0]{field}"]


def test_a_sound_policy_makes_failed_pods_alone_be_replaced(registry: Registry, job: Make) -> None:
    rules = [
        {"action": "FailJob", "onExitCodes": CODES},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
    ]
    spec = registry.create(JOBS, "default", job("j", podFailurePolicy={"rules": rules}))["spec"]
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["podFailurePolicy"]["rules"][1]["onPodConditions"][0]["status"] == "True"


def test_a_limit_per_index_lifts_the_other_limit(registry: Registry, job: Make) -> None:
    indexed = job("j", completionMode="Indexed", completions=2, backoffLimitPerIndex=1)
    assert registry.create(JOBS, "default", indexed)["spec"]["backoffLimit"] == 2**31 - 1


def test_parallelism_alone_leaves_completions_open(registry: Registry, job: Make) -> None:
    assert "completions" not in registry.create(JOBS, "default", job("j", parallelism=2))["spec"]


def test_a_name_must_leave_room_for_the_index(registry: Registry, job: Make) -> None:
    assert fields(registry, job("j" * 62, completionMode="Indexed", completions=5)) == [
        "metadata.name"
    ]


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"completions": 3}, ["spec.completions"]),
        ({"completionMode": "Indexed"}, ["spec.completionMode"]),
        (template(nodeSelector={"a": "b"}), ["spec.template"]),
        (template(containers=[{"name": "d", "image": "x"}]), ["spec.template"]),
    ],
)
def test_what_was_decided_stays(
    registry: Registry, job: Make, spec: dict[str, Any], found: list[str]
) -> None:
    registry.create(JOBS, "default", job("j"))
    assert changed(registry, spec) == found


def test_a_waiting_job_may_be_given_another_place_and_other_resources(
    registry: Registry, job: Make
) -> None:
    made = registry.create(JOBS, "default", job("j", suspend=True))
    (container,) = made["spec"]["template"]["spec"]["containers"]
    more = {**container, "resources": {"limits": {"memory": "1Gi"}}}
    free = template(nodeSelector={"a": "b"}, containers=[more])
    pod = registry.patch(JOBS, "default", "j", {"spec": free})["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"a": "b"}
    assert pod["containers"][0]["resources"] == {"limits": {"memory": "1Gi"}}
    other = template(containers=[{**more, "image": "other"}])
    assert changed(registry, other) == ["spec.template.spec"]


def test_a_status_can_be_written_whatever_the_spec_says(registry: Registry, job: Make) -> None:
    registry.create(JOBS, "default", job("j"))
    status = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    made = registry.patch(JOBS, "default", "j", status, subresource="status")
    assert made["status"]["conditions"][0]["lastProbeTime"] is None
