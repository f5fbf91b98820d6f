from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.cluster import merge_patch
from datacube_runtime.local.pods import status as podstatus
from datacube_runtime.local.pods.spec import unsupported
from datacube_runtime.local.pods.status import End

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Pod = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]


def test_saying_it_twice_changes_nothing(make_pod: Pod, at: At) -> None:
    pod = make_pod()
    first = podstatus.waiting(pod, "CreateContainerConfigError", 'secret "s" not found', at(0))
    again = podstatus.waiting(
        {**pod, "status": first}, "CreateContainerConfigError", 'secret "s" not found', at(9)
    )
    assert again == first


def test_the_start_time_stays(make_pod: Pod, at: At) -> None:
    pod = make_pod()
    pod["status"] = podstatus.waiting(pod, "ContainerCreating", "", at(0))
    pod["status"] = podstatus.running(pod, 7, at(5))
    status = podstatus.ended(pod, End(0, at(5)), at(9))
    assert status["startTime"] == "2026-11-23T12:00:00Z"
    assert status["containerStatuses"][0]["state"]["terminated"] == {
        "exitCode": 0,
        "reason": "Completed",
        "startedAt": "2026-11-23T12:00:05Z",
        "finishedAt": "2026-11-23T12:00:09Z",
        "containerID": "process://7",
    }


def test_an_expired_pod_failed_even_if_it_ended_well(make_pod: Pod, at: At) -> None:
    status = podstatus.expired(podstatus.ended(make_pod(), End(0, at(0)), at(9)))
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")


def test_a_pod_that_ends_while_it_waits_looks_in_vain_for_its_container(
    make_pod: Pod, at: At
) -> None:
    pod = make_pod()
    pod["status"] = podstatus.waiting(pod, "CreateContainerConfigError", "why", at(0))
    status = podstatus.expired(podstatus.given_up(pod, at(9)))
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["containerStatuses"][0]["state"]["terminated"] == {
        "exitCode": 137,
        "reason": "ContainerStatusUnknown",
        "message": "The container could not be located when the pod was terminated",
        "startedAt": None,
        "finishedAt": None,
    }
    conditions = [(c["type"], c["status"], c.get("reason")) for c in status["conditions"]]
    assert conditions == [
        ("PodReadyToStartContainers", "False", None),
        ("Initialized", "True", None),
        ("Ready", "False", "PodFailed"),
        ("ContainersReady", "False", "PodFailed"),
        ("PodScheduled", "True", None),
    ]


def test_a_status_says_of_which_generation_it_speaks_and_what_was_set_aside(
    make_pod: Pod, at: At
) -> None:
    pod = make_pod()
    pod["metadata"]["generation"] = 2
    requests = {"memory": "1Gi"}
    pod["spec"]["containers"][0]["resources"] = {"requests": requests}
    status = podstatus.running(pod, 7, at(0))
    assert status["observedGeneration"] == 2
    assert {c["observedGeneration"] for c in status["conditions"]} == {2}
    assert status["containerStatuses"][0]["allocatedResources"] == requests


def test_a_lost_pod_keeps_when_it_began(make_pod: Pod, at: At) -> None:
    pod = make_pod()
    pod["status"] = podstatus.running(pod, 7, at(5))
    status = podstatus.lost(pod, "restarted", at(9))
    state = status["containerStatuses"][0]["state"]["terminated"]
    assert (status["reason"], status["message"]) == ("Lost", "restarted")
    assert state["reason"] == "ContainerStatusUnknown"
    assert state["startedAt"] == "2026-11-23T12:00:05Z"


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1, "b": 2}, {"a": 1}, {"b": None}),
        ({}, {"a": None}, {"a": None}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "z": 3}}, {"a": {"y": None, "z": 3}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}),
        ({"a": {"x": 1}}, {"a": "text"}, {"a": "text"}),
    ],
)
def test_a_merge_patch_says_what_differs(
    old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert merge_patch(old, new) == patch


def test_a_plain_pod_can_be_run(make_pod: Pod) -> None:
    assert unsupported(make_pod()) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"command": []}, "spec.containers[0].command:"),
        ({"lifecycle": {"preStop": {}}}, "spec.containers[0].lifecycle:"),
        ({"restartPolicy": "OnFailure"}, "spec.containers[0].restartPolicy: OnFailure:"),
        ({"volumeDevices": [{"name": "d"}]}, "spec.containers[0].volumeDevices:"),
        (
            {"env": [{"name": "A"}, {"name": "B", "valueFrom": {"fileKeyRef": {"key": "k"}}}]},
            "spec.containers[0].env[1].valueFrom.fileKeyRef:",
        ),
        (
            {"volumeMounts": [{"name": "nope", "mountPath": "/v"}]},
            "spec.containers[0].volumeMounts[0].name:",
        ),
    ],
)
def test_what_a_process_cannot_give_is_refused_by_field(
    make_pod: Pod, change: dict[str, Any], field: str
) -> None:
    pod = make_pod(volumes=[{"name": "v", "emptyDir": {}}])
    pod["spec"]["containers"][0] |= change
    assert str(unsupported(pod)).startswith(field)


@pytest.mark.parametrize(
    ("volume", "field"),
    [
        ({"hostPath": {"path": "/"}}, "spec.volumes[1]: v: the embedded cluster has only"),
        (
            {"projected": {"sources": [{"secret": {}}, {"serviceAccountToken": {}}]}},
            "spec.volumes[1].projected.sources[1].serviceAccountToken:",
        ),
    ],
)
def test_what_a_volume_cannot_hold_is_refused_by_field(
    make_pod: Pod, volume: dict[str, Any], field: str
) -> None:
    pod = make_pod(volumes=[{"name": "e", "emptyDir": {}}, {"name": "v", **volume}])
    assert str(unsupported(pod)).startswith(field)


def test_two_containers_are_refused(make_pod: Pod) -> None:
    pod = make_pod()
    pod["spec"]["containers"] *= 2
    assert str(unsupported(pod)).startswith("spec.containers:")
