from __future__ import annotations

from typing import Any

import pytest

from datacube_api.reasons import Reason
from datacube_runtime.controller import pods

WAITING = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}


@pytest.mark.parametrize(
    ("phase", "state", "more", "word"),
    [
        ("Pending", None, {}, "Pending"),
        ("Pending", WAITING, {}, "ImagePullBackOff"),
        ("Running", {"running": {}}, {}, "Running"),
        ("Succeeded", {"terminated": {"reason": "Completed"}}, {}, "Completed"),
        ("Failed", {"terminated": {"reason": "OOMKilled"}}, {}, "OOMKilled"),
        (
            "Failed",
            {"terminated": {"reason": "Error"}},
            {"reason": "DeadlineExceeded"},
            "DeadlineExceeded",
        ),
        ("Failed", {"terminated": {}}, {}, "Failed"),
    ],
)
def test_the_word_is_the_one_kubectl_shows(
    make: Any, phase: str, state: Any, more: Any, word: str
) -> None:
    assert pods.status_word(make.pod(phase, state=state, **more)) == word


def test_a_pod_that_is_being_deleted_is_terminating_until_it_ended(make: Any) -> None:
    pod = make.pod("Running")
    pod["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert pods.status_word(pod) == "Terminating"
    pod["status"]["phase"] = "Failed"
    assert pods.status_word(pod) == "Failed"


def test_a_pod_without_a_status_is_pending(make: Any) -> None:
    pod = make.pod()
    del pod["status"]
    assert pods.summary(pod)["phase"] == "Pending"
    assert pods.summary(pod)["status"] == "Pending"
    assert not pods.has_started(pod)
    assert pods.trouble(pod) == ""


@pytest.mark.parametrize(
    ("phase", "state", "started"),
    [
        ("Pending", None, False),
        ("Pending", WAITING, False),
        ("Running", None, True),
        ("Succeeded", None, True),
        ("Failed", None, False),
        ("Failed", WAITING, False),
        ("Failed", {"terminated": {"exitCode": 1}}, True),
        ("Failed", {"terminated": {"reason": "ContainerStatusUnknown"}}, False),
        ("Failed", {"terminated": {"reason": "ContainerStatusUnknown", "startedAt": "t"}}, True),
        ("Unknown", {"running": {}}, True),
    ],
)
def test_a_pod_has_started_when_its_transfer_ran(
    make: Any, phase: str, state: Any, *, started: bool
) -> None:
    assert pods.has_started(make.pod(phase, state=state)) is started


def test_the_latest_attempt_is_the_newest(make: Any) -> None:
    assert pods.newest([]) is None
    one, two = make.pod("Failed", 1), make.pod("Failed", 2)
    assert pods.newest([two, one]) is two


def test_of_two_pods_of_one_second_the_unfinished_is_the_newest(make: Any) -> None:
    over, running = make.pod("Failed", 9), make.pod("Running", 1)
    running["metadata"]["creationTimestamp"] = over["metadata"]["creationTimestamp"]
    assert pods.newest([over, running]) is running


def test_a_waiting_container_says_what_it_waits_for(make: Any) -> None:
    pod = make.pod(state=WAITING)
    assert pods.trouble(pod) == "ImagePullBackOff: Back-off pulling image"


def test_a_container_put_beside_ours_may_be_what_holds_the_pod(make: Any) -> None:
    waiting = {"waiting": {"reason": "CreateContainerConfigError"}}
    pod = make.pod(initContainerStatuses=[{"name": "mesh", "state": waiting}])
    assert pods.trouble(pod) == "CreateContainerConfigError"


def test_an_unschedulable_pod_says_why(make: Any) -> None:
    said = {"reason": "Unschedulable", "message": "0/3 nodes are available"}
    conditions = [
        {"type": "PodScheduled", "status": "False", **said},
    ]
    assert pods.trouble(make.pod(conditions=conditions)) == "Unschedulable: 0/3 nodes are available"
    conditions[0]["status"] = "True"
    assert pods.trouble(make.pod(conditions=conditions)) == ""


def test_the_transfers_own_words_count_first(make: Any) -> None:
    pod = make.ended_pod(Reason.AUTHENTICATION_FAILED, "the server refused the token")
    assert pods.failure(pod) == pods.Failure(
        Reason.AUTHENTICATION_FAILED, "the server refused the token"
    )


def test_what_the_kubelet_adds_is_kept(make: Any) -> None:
    pod = make.ended_pod(Reason.ENGINE_FAILED, "git was killed")
    pod["status"]["containerStatuses"][1]["state"]["terminated"]["reason"] = "OOMKilled"
    assert pods.failure(pod).message == "git was killed (OOMKilled)"


def test_a_deadline_is_told_from_a_cancellation_by_the_kubelets_reason(make: Any) -> None:
    pod = make.ended_pod(Reason.CANCELLED, "cancelled")
    assert pods.failure(pod) == pods.Failure(Reason.CANCELLED, "cancelled")
    pod["status"]["reason"] = "DeadlineExceeded"
    pod["spec"]["activeDeadlineSeconds"] = 5
    told = pods.failure(pod)
    assert told.reason is Reason.DEADLINE_EXCEEDED
    assert "activeDeadlineSeconds (5)" in told.message


def test_a_deadline_before_the_start_says_what_was_waited_for(make: Any) -> None:
    pod = make.pod("Failed", state=WAITING, reason="DeadlineExceeded")
    assert "ImagePullBackOff" in pods.failure(pod).message


def test_an_evicted_pod_says_so(make: Any) -> None:
    pod = make.pod("Failed", reason="Evicted", message="low on memory")
    assert pods.failure(pod) == pods.Failure(Reason.POD_FAILED, "pod pod-1: Evicted: low on memory")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"terminated": {"reason": "OOMKilled", "exitCode": 137}}, "OOMKilled, exit code 137"),
        ({"terminated": {"exitCode": 1, "message": "Permission denied"}}, "Error, exit code 1"),
        ({"terminated": {"reason": "Error"}}, "Error, exit code unknown"),
        (None, "failed before the transfer started"),
    ],
)
def test_without_words_of_ours_the_end_of_the_container_is_told(
    make: Any, state: Any, words: str
) -> None:
    told = pods.failure(make.pod("Failed", state=state))
    assert told == pods.Failure(Reason.POD_FAILED, f"pod pod-1: {words}")


def test_words_of_success_do_not_explain_a_failure(make: Any) -> None:
    pod = make.ended_pod(Reason.TRANSFER_SUCCEEDED, "done")
    pod["status"]["phase"] = "Failed"
    assert pods.failure(pod).reason is Reason.POD_FAILED


def test_words_of_failure_are_no_result_of_a_success(make: Any) -> None:
    assert pods.success(make.ended_pod(Reason.ENGINE_FAILED, "broken")) is None
    assert pods.success(make.pod("Succeeded")) is None


def test_the_words_of_a_container_beside_ours_are_not_ours(make: Any) -> None:
    pod = make.ended_pod(Reason.NETWORK_ERROR, "no route")
    pod["status"]["containerStatuses"][1]["name"] = "other"
    assert pods.failure(pod).reason is Reason.POD_FAILED
