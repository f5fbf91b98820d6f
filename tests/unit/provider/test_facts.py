"""What is read out of the objects that a cluster returns."""

from __future__ import annotations

import json

import pytest

from airflow_provider_datacube._facts import Condition, Container, Pod
from tests.unit.provider.around import POD, ended, event, pod, raw_pod, waiting


def test_a_pod_says_how_its_containers_are() -> None:
    seen = pod("Failed", ended("OOMKilled", 137), reason="Evicted", message="disk\x1b[0m is full")
    assert (seen.name, seen.node, seen.phase) == (POD, "n-1", "Failed")
    assert (seen.reason, seen.message) == ("Evicted", "disk is full")
    (container,) = seen.containers
    assert str(container) == "container transfer terminated, OOMKilled, exit code 137"


def test_init_containers_come_first_and_earlier_ends_count() -> None:
    raw = raw_pod(
        "Pending",
        {
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 3}},
        },
        initContainerStatuses=[{"name": "init", "state": {"running": {}}, "lastState": {}}],
    )
    assert [(c.name, c.state) for c in Pod.of(raw).containers] == [
        ("init", "running"),
        ("transfer", "waiting"),
        ("transfer", "terminated"),
    ]


def test_our_own_last_words_are_read_and_others_stay() -> None:
    said = {"reason": "NoSpaceLeft", "message": "full", "result": {}}
    (ours,) = pod("Failed", ended("Error", 73, json.dumps(said))).containers
    assert ours.message == "NoSpaceLeft: full"
    (others,) = pod("Failed", ended("Error", 1, "rclone: one\nrclone: two")).containers
    assert others.message == "rclone: one / rclone: two"


@pytest.mark.parametrize(
    ("state", "has_failed"),
    [
        (Container("x", "terminated", "Completed", "", 0), False),
        (Container("x", "terminated", "Completed", "", 1), True),
        (Container("x", "terminated", "ContainerStatusUnknown"), True),
        (Container("x", "running"), False),
        (Container("x", "waiting", "ErrImagePull"), False),
    ],
)
def test_a_container_has_failed_when_it_did_not_end_well(
    state: Container, *, has_failed: bool
) -> None:
    assert state.has_failed is has_failed


def test_why_no_node_has_a_pod_is_read_from_its_condition() -> None:
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    assert pod(conditions=[said]).unscheduled == "Unschedulable"
    assert pod(conditions=[{**said, "message": "no room"}]).unscheduled == "no room"
    assert pod(conditions=[{**said, "status": "True"}]).unscheduled == ""


@pytest.mark.parametrize(
    ("containers", "read"),
    [
        ([("proxy", {"running": {}}), ("transfer", {"running": {}})], "transfer"),
        ([("main", {"running": {}}), ("proxy", {"running": {}})], "main"),
        ([("transfer", {"running": {}}), ("proxy", {"terminated": {"exitCode": 1}})], "proxy"),
        ([], ""),
    ],
)
def test_the_log_to_read_is_of_what_failed_or_of_the_transfer(
    containers: list[tuple[str, object]], read: str
) -> None:
    raw = raw_pod("Running", *({"name": name, "state": state} for name, state in containers))
    assert Pod.of(raw).container == read


def test_there_is_a_log_once_something_has_run() -> None:
    assert not pod("Pending", waiting("ContainerCreating")).has_started
    assert pod("Running", {"state": {"running": {}}}).has_started


def test_events_of_both_kinds_are_read() -> None:
    old = event("Failed", "no", count=3)
    assert (old.when, old.count, old.is_warning) == ("2026-11-24T19:25:00Z", 3, True)
    series = {"count": 7, "lastObservedTime": "2026-11-24T20:00:00.123456Z"}
    new = event("FailedScheduling", lastTimestamp=None, series=series, type="Normal")
    assert (new.when, new.count, new.is_warning) == ("2026-11-24T20:00:00Z", 7, False)
    once = event("Scheduled", lastTimestamp=None, eventTime="2026-11-24T20:00:01.5Z")
    assert once.when == "2026-11-24T20:00:01Z"
    assert event("Odd", lastTimestamp=None).when == "2026-11-24T18:00:00Z"


def test_conditions_tell_an_end_from_a_start() -> None:
    def read(kind: str, status: str) -> tuple[bool, bool]:
        said = Condition.of({"type": kind, "status": status, "reason": "R", "message": "m"})
        assert said.why == "R: m"
        return said.is_an_end, said.is_of_a_start_that_failed

    assert read("Failed", "True") == (True, False)
    assert read("Failed", "False") == (False, False)
    assert read("Initialized", "True") == (False, False)
    assert read("Initialized", "False") == (False, True)


def test_no_secret_is_read_out_of_anything() -> None:
    secret = "https://canary-token@host"
    seen = [
        pod("Failed", ended("Error", 1, secret), waiting("X", secret), reason="R", message=secret),
        pod(conditions=[{"type": "PodScheduled", "status": "False", "message": secret}]),
        event("Failed", secret),
        Condition.of({"type": "Failed", "status": "True", "message": secret}),
    ]
    assert "canary" not in str([repr(each) for each in seen])
