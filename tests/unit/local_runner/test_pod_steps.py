from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.conditions import timestamp
from datacube_runtime.local.pods.steps import Act, ProcessView, Step, has_expired, next_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Pod = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]

RUNS = ProcessView()
DELETED = {"deletionTimestamp": "2026-11-23T12:00:30Z", "deletionGracePeriodSeconds": 30}


@pytest.fixture
def started(make_pod: Pod, at: At) -> Pod:
    def pod(phase: str = "Running", **more: Any) -> dict[str, Any]:
        made = make_pod(phase, **more)
        made["status"]["startTime"] = timestamp(at(0))
        return made

    return pod


def test_a_new_pod_is_started(make_pod: Pod, at: At) -> None:
    assert next_step(make_pod(), None, at(0)) == Step(Act.START)


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_left_alone(make_pod: Pod, at: At, phase: str) -> None:
    assert next_step(make_pod(phase), None, at(0)) == Step(Act.NOTHING)


def test_a_deleted_pod_that_never_ran_is_removed(make_pod: Pod, at: At) -> None:
    assert next_step(make_pod(deleted=DELETED), None, at(0)) == Step(Act.REMOVE)


def test_a_running_pod_is_left_alone(started: Pod, at: At) -> None:
    assert next_step(started(), RUNS, at(0)) == Step(Act.NOTHING)


def test_an_ended_process_is_reported_whatever_else(started: Pod, at: At) -> None:
    ended = ProcessView(has_ended=True)
    for pod in (started(), started(deleted=DELETED), None):
        assert next_step(pod, ended, at(0)) == Step(Act.FINISH)


def test_deletion_is_sigterm_then_grace_then_sigkill(started: Pod, at: At) -> None:
    pod = started(deleted=DELETED)
    assert next_step(pod, RUNS, at(0)) == Step(Act.TERMINATE, 30.0)
    ending = ProcessView(ending_since=at(0))
    assert next_step(pod, ending, at(10)) == Step(Act.NOTHING, 20.0)
    assert next_step(pod, ending, at(30)) == Step(Act.KILL)
    killed = ProcessView(ending_since=at(0), was_killed=True)
    assert next_step(pod, killed, at(31)) == Step(Act.NOTHING)


def test_no_grace_is_sigkill_at_once(started: Pod, at: At) -> None:
    pod = started(deleted={**DELETED, "deletionGracePeriodSeconds": 0})
    assert next_step(pod, RUNS, at(0)) == Step(Act.KILL)


def test_a_vanished_pod_has_the_shortest_grace(at: At) -> None:
    assert next_step(None, RUNS, at(0)) == Step(Act.TERMINATE, 1.0)
    assert next_step(None, ProcessView(ending_since=at(0)), at(1)) == Step(Act.KILL)
    assert next_step(None, None, at(0)) == Step(Act.NOTHING)


def test_a_deadline_never_comes_early(started: Pod, at: At) -> None:
    pod = started(activeDeadlineSeconds=10)
    assert next_step(pod, RUNS, at(4)) == Step(Act.NOTHING, 7.0)
    assert next_step(pod, RUNS, at(10.9)).act is Act.NOTHING
    assert next_step(pod, RUNS, at(11)) == Step(Act.TERMINATE, 30.0)


def test_the_pods_own_grace_counts_at_its_deadline(started: Pod, at: At) -> None:
    pod = started(activeDeadlineSeconds=10, terminationGracePeriodSeconds=5)
    assert next_step(pod, RUNS, at(11)) == Step(Act.TERMINATE, 5.0)
    assert next_step(pod, ProcessView(ending_since=at(11)), at(16)) == Step(Act.KILL)


def test_a_waiting_pod_expires_too(started: Pod, at: At) -> None:
    pod = started("Pending", activeDeadlineSeconds=10)
    assert next_step(pod, None, at(1)) == Step(Act.START, 10.0)
    assert next_step(pod, None, at(11)) == Step(Act.EXPIRE)


def test_a_pod_that_was_never_taken_up_has_no_deadline_yet(make_pod: Pod, at: At) -> None:
    pod = make_pod(activeDeadlineSeconds=10)
    assert next_step(pod, None, at(99)) == Step(Act.START)


def test_only_what_was_ended_after_the_deadline_has_expired(started: Pod, at: At) -> None:
    pod = started(activeDeadlineSeconds=10)
    assert has_expired(pod, ProcessView(has_ended=True, ending_since=at(11)))
    assert not has_expired(pod, ProcessView(has_ended=True, ending_since=at(5)))
    assert not has_expired(pod, ProcessView(has_ended=True))
    assert not has_expired(started(), ProcessView(has_ended=True, ending_since=at(11)))
