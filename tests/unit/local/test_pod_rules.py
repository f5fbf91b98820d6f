from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.kinds.podspec.defaults import complete_pod
from datacube_runtime.local.registry.kinds.podspec.quality import class_of
from datacube_runtime.local.registry.kinds.podspec.rules import spec_problems
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry

Make = Any
FULL = {"cpu": "1", "memory": "1Gi"}


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "c", "image": "x", **fields}


def problems(**fields: Any) -> list[str]:
    spec = {"containers": [container(**fields)], "volumes": [{"name": "v", "emptyDir": {}}]}
    complete_pod(spec)
    return [str(cause) for cause in spec_problems(spec, "spec")]


def resources(limits: Any = None, requests: Any = None) -> dict[str, Any]:
    said = {"limits": limits, "requests": requests}
    return {name: value for name, value in said.items() if value}


@pytest.mark.parametrize(
    ("sizes", "quality"),
    [
        ([resources()], "BestEffort"),
        ([resources({"cpu": "0"})], "BestEffort"),
        ([resources({"example.com/gpu": "1"})], "BestEffort"),
        ([resources(FULL)], "Guaranteed"),
        ([resources(FULL, {"cpu": "1000m", "memory": "1024Mi"})], "Guaranteed"),
        ([resources(FULL, {"cpu": "500m"})], "Burstable"),
        ([resources({"memory": "1Gi"})], "Burstable"),
        ([resources(FULL), resources()], "Burstable"),
        ([resources(None, {"cpu": "1"})], "Burstable"),
    ],
)
def test_resources_decide_the_quality_of_service(sizes: list[Any], quality: str) -> None:
    spec = {"containers": [container(resources=size) for size in sizes]}
    complete_pod(spec)
    assert class_of(spec) == quality


def test_a_request_may_equal_its_limit_in_another_form() -> None:
    assert problems(resources=resources({"memory": "1Gi"}, {"memory": "1024Mi"})) == []


def test_a_request_above_its_limit_names_both() -> None:
    (problem,) = problems(resources=resources({"memory": "1Gi"}, {"memory": "1025Mi"}))
    assert problem == (
        'spec.containers[0].resources.requests: Invalid value: "1025Mi": must be less than or '
        "equal to memory limit of 1Gi"
    )


@pytest.mark.parametrize("target", ["a/../b", "..", "../a"])
def test_a_sub_path_cannot_leave_its_volume(target: str) -> None:
    (problem,) = problems(volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": target}])
    assert problem.endswith("must not contain '..'")


def test_a_name_may_hold_two_dots() -> None:
    assert problems(volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "a..b/..c"}]) == []


@pytest.mark.parametrize("name", ["A", "a.b-c", "1", " ", "$(X)"])
def test_a_variable_may_have_any_name_that_can_be_printed(name: str) -> None:
    assert problems(env=[{"name": name, "value": "x"}]) == []


@pytest.mark.parametrize("name", ["A=B", "Ä", "A\n", "\t"])
def test_a_variable_may_have_no_other_name(name: str) -> None:
    (problem,) = problems(env=[{"name": name, "value": "x"}])
    assert problem.startswith("spec.containers[0].env[0].name: Invalid value")


def test_being_given_to_a_node_is_no_new_generation(
    registry: Registry, pod: Make, binding: Make
) -> None:
    registry.create(PODS, "default", pod("p"))
    given = registry.bindings.bind("default", "p", binding("p"))
    assert given["metadata"]["generation"] == 1
    later = registry.patch(PODS, "default", "p", {"spec": {"activeDeadlineSeconds": 5}})
    assert later["metadata"]["generation"] == 2


def test_the_times_of_a_condition_are_null_until_they_are_said(
    registry: Registry, pod: Make
) -> None:
    registry.create(PODS, "default", pod("p"))
    patch = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    once = registry.patch(PODS, "default", "p", patch, subresource="status")
    again = registry.patch(PODS, "default", "p", patch, subresource="status")
    (condition,) = once["status"]["conditions"]
    assert condition["lastProbeTime"] is condition["lastTransitionTime"] is None
    assert again == once


def test_a_strict_patch_is_refused_without_the_object(registry: Registry, pod: Make) -> None:
    secretive = pod("p")
    secretive["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "value": "canary"}]
    registry.create(PODS, "default", secretive)
    strict, patch = Write(field_validation="Strict"), {"spec": {"nonsense": 1}}
    with pytest.raises(ApiStatusError, match=r'unknown field "spec.nonsense"') as caught:
        registry.patch(PODS, "default", "p", patch, write=strict)
    assert caught.value.code == 422
    assert "canary" not in str(caught.value.body())
