"""Which word explains a pod: a table of what Kubernetes says."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datacube._facts import Facts
from airflow_provider_datacube._troubles import troubles
from datacube_api.status import Outcome, Phase
from tests.unit.provider.around import POD, SECRET_MISSING, ended, event, pod, waiting

NO_NODE = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}


def words(**facts: Any) -> list[str]:
    return [trouble.word for trouble in troubles(Facts(**facts))]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (pod("Pending", waiting("ImagePullBackOff")), ["ImagePullBackOff"]),
        (pod("Pending", waiting("ErrImagePull")), ["ErrImagePull"]),
        (pod("Pending", {"state": {"waiting": SECRET_MISSING}}), ["CreateContainerConfigError"]),
        (pod("Pending", conditions=[NO_NODE]), ["Unschedulable"]),
        (pod("Failed", ended("OOMKilled", 137)), ["OOMKilled"]),
        (pod("Failed", ended("", 1)), ["Error"]),
        (pod("Failed", reason="Evicted"), ["Evicted"]),
        (
            pod("Failed", ended("Error", 143), reason="DeadlineExceeded"),
            ["DeadlineExceeded", "Error"],
        ),
        (
            pod(
                "Running",
                {
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
                },
            ),
            ["OOMKilled", "CrashLoopBackOff"],
        ),
        (pod("Pending", waiting("ContainerCreating")), []),
        (pod("Running", {"state": {"running": {}}}), []),
        (pod("Succeeded", ended("Completed", 0)), []),
        (pod("Pending"), []),
    ],
)
def test_a_pod_says_what_is_wrong_with_it(seen: Any, expected: list[str]) -> None:
    assert words(pod=seen) == expected


def test_a_trouble_is_told_with_its_message_and_its_mend() -> None:
    seen = pod("Pending", {"state": {"waiting": SECRET_MISSING}})
    (trouble,) = troubles(Facts(pod=seen))
    assert str(trouble) == (f'pod {POD}: CreateContainerConfigError: secret "git-token" not found')
    assert trouble.mend.startswith("create what the message names")


def test_a_word_that_nobody_knows_is_told_all_the_same() -> None:
    (trouble,) = troubles(Facts(pod=pod("Pending", waiting("WordOfTomorrow", "no idea"))))
    assert str(trouble) == f"pod {POD}: WordOfTomorrow: no idea"
    assert (trouble.means, trouble.mend) == ("", "")


def test_a_program_that_says_nothing_is_told_by_its_last_line() -> None:
    log = ("cloning", "fatal: no such repository")
    (trouble,) = troubles(Facts(pod=pod("Failed", ended("Error", 128)), log=log))
    assert trouble.message == "exit code 128: fatal: no such repository"
    (trouble,) = troubles(Facts(pod=pod("Failed", ended("Error", 128, "its own words")), log=log))
    assert trouble.message == "exit code 128: its own words"
    (trouble,) = troubles(Facts(pod=pod("Failed", ended("OOMKilled", 137)), log=log))
    assert trouble.message == "exit code 137"


def test_a_claim_says_more_than_that_no_node_can_take_the_pod() -> None:
    claim = event("ProvisioningFailed", "no such class", kind="PersistentVolumeClaim")
    again = event("FailedScheduling", "0/3 nodes are available")
    assert words(pod=pod("Pending", conditions=[NO_NODE]), events=(claim, again)) == [
        "ProvisioningFailed",
        "Unschedulable",
    ]


def test_events_speak_for_a_pod_that_waits_for_something_outside_of_it() -> None:
    mount = event("FailedMount", "timed out", at=2)
    attach = event("FailedAttachVolume", "Multi-Attach error", at=1)
    assert words(pod=pod("Pending", waiting("ContainerCreating")), events=(attach, mount)) == [
        "FailedMount",
        "FailedAttachVolume",
    ]
    assert words(events=(event("FailedCreate", "exceeded quota", kind="Job"),)) == ["FailedCreate"]


@pytest.mark.parametrize(
    "events",
    [(event("Pulled", type="Normal"),), (event("FailedMount", type="Normal"),), (event("Odd"),)],
)
def test_an_event_counts_only_as_a_warning_that_is_known(events: Any) -> None:
    assert words(events=events) == []


def test_an_event_of_before_the_start_is_old_news() -> None:
    seen = pod("Failed", ended("OOMKilled", 137))
    assert words(pod=seen, events=(event("FailedMount"),)) == ["OOMKilled"]


def test_the_status_speaks_where_the_pod_may_not_be_read() -> None:
    status = Outcome(Phase.FAILED, pod=POD, pod_status="OOMKilled")
    (trouble,) = troubles(Facts(status))
    assert str(trouble) == f"pod {POD}: OOMKilled"
    for ordinary in ("Running", "Completed", "ContainerCreating", ""):
        assert words(outcome=Outcome(Phase.RUNNING, pod=POD, pod_status=ordinary)) == []
