from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods.placement import Node, is_for, misfit, this_node

if TYPE_CHECKING:
    from collections.abc import Callable

    Pod = Callable[..., dict[str, Any]]

HERE = Node("here", {"kubernetes.io/os": "linux", "cores": "8"})


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    rules = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [*terms]}}
    return {"nodeAffinity": rules}


def label(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": [*values]}]}


def named(operator: str, name: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": operator, "values": [name]}]}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"nodeSelector": {"kubernetes.io/os": "linux"}},
        {"affinity": {}},
        {"affinity": required(label("kubernetes.io/os", "In", "linux", "darwin"))},
        {"affinity": required(label("gpu", "NotIn", "a"))},
        {"affinity": required(label("gpu", "DoesNotExist"))},
        {"affinity": required(label("cores", "Gt", "7"))},
        {"affinity": required(label("cores", "Exists"), label("gpu", "Exists"))},
        {"affinity": required(named("In", "here"))},
        {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{}]}}},
    ],
)
def test_what_the_node_is_may_be_asked_for(make_pod: Pod, asked: dict[str, Any]) -> None:
    assert misfit(make_pod(**asked), HERE) is None


@pytest.mark.parametrize(
    "asked",
    [
        {"nodeSelector": {"kubernetes.io/os": "windows"}},
        {"nodeSelector": {"kubernetes.io/os": "linux", "gpu": "a"}},
        {"affinity": required()},
        {"affinity": required({})},
        {"affinity": required(label("gpu", "In", "a"))},
        {"affinity": required(label("cores", "NotIn", "8"))},
        {"affinity": required(label("gpu", "Exists"))},
        {"affinity": required(label("cores", "DoesNotExist"))},
        {"affinity": required(label("cores", "Gt", "8"))},
        {"affinity": required(label("cores", "Lt", "8"))},
        {"affinity": required(label("gpu", "Lt", "8"))},
        {"affinity": required(label("cores", "Gt", "many"))},
        {"affinity": required(label("cores", "Nearly", "8"))},
        {"affinity": required(named("In", "there"))},
        {"affinity": required({**named("In", "here"), **label("gpu", "Exists")})},
    ],
)
def test_what_the_node_is_not_is_waited_for(make_pod: Pod, asked: dict[str, Any]) -> None:
    assert misfit(make_pod(**asked), HERE) == "1 node(s) didn't match Pod's node affinity/selector"


def test_a_pod_that_is_on_the_node_is_not_asked_again(make_pod: Pod) -> None:
    assert misfit(make_pod(nodeName="here", nodeSelector={"gpu": "a"}), HERE) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"schedulerName": "default-scheduler"}, True),
        ({"schedulerName": "another"}, False),
        ({"schedulerName": "another", "nodeName": "here"}, True),
        ({"nodeName": "there"}, False),
        ({"schedulingGates": [{"name": "example.org/g"}]}, False),
    ],
)
def test_a_pod_for_another_scheduler_or_node_is_nobodys(
    make_pod: Pod, asked: dict[str, Any], *, expected: bool
) -> None:
    assert is_for(HERE, make_pod(**asked)) is expected


def test_the_node_says_what_it_is() -> None:
    node = this_node()
    assert node.labels["kubernetes.io/hostname"] == node.name
    assert node.labels.keys() == {f"kubernetes.io/{fact}" for fact in ("hostname", "os", "arch")}
