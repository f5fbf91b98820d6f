from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods.downward import Downward
from datacube_runtime.local.pods.errors import ContainerConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    Pod = Callable[..., dict[str, Any]]

RESOURCES = {
    "limits": {"memory": "100Mi"},
    "requests": {"cpu": "250m", "memory": "1500k"},
}


@pytest.fixture
def view(make_pod: Pod) -> Downward:
    pod = make_pod()
    pod["metadata"]["labels"] = {"b": 'say "b"', "a": "1"}
    container = pod["spec"]["containers"][0]
    container["resources"] = RESOURCES
    pod["spec"]["containers"].append({"name": "other", "resources": {"limits": {"cpu": "2"}}})
    return Downward(pod, container, {"cpu": "8", "memory": "1Gi"})


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ({"resource": "limits.memory"}, "104857600"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "100"),
        ({"resource": "limits.memory", "divisor": "0"}, "104857600"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "2"),
        ({"resource": "requests.cpu"}, "1"),
        ({"resource": "requests.cpu", "divisor": "1m"}, "250"),
        ({"resource": "limits.cpu"}, "8"),
        ({"resource": "limits.cpu", "containerName": "other"}, "2"),
        ({"resource": "requests.ephemeral-storage"}, "0"),
    ],
)
def test_a_resource_is_told_in_whole_units_and_without_a_limit_the_machines(
    view: Downward, reference: dict[str, Any], told: str
) -> None:
    assert view.resource(reference) == told


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"resource": "limits.gpu"}, "unsupported container resource : limits.gpu"),
        ({"resource": "limits.cpu", "containerName": "no"}, "container no not found"),
    ],
)
def test_a_resource_that_is_not_there_is_named(
    view: Downward, reference: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContainerConfigError) as caught:
        view.resource(reference)
    assert str(caught.value) == message


def test_all_labels_are_for_files_only(view: Downward) -> None:
    path = "metadata.labels"
    assert view.file({"fieldRef": {"fieldPath": path}}) == 'a="1"\nb="say \\"b\\""'
    with pytest.raises(ContainerConfigError, match=f"unsupported fieldPath: {path}"):
        view.variable(path)


def test_where_the_pod_runs_is_for_variables_only(view: Downward) -> None:
    assert view.variable("status.podIP") == "127.0.0.1"
    with pytest.raises(ContainerConfigError, match=r"unsupported fieldPath: status.podIP"):
        view.file({"fieldRef": {"fieldPath": "status.podIP"}})
