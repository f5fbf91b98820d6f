"""An attempt that is lost from outside: deleted, preempted, drained, its node gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.reasons import Reason
from datacube_runtime.controller import pods, report

if TYPE_CHECKING:
    from datetime import datetime

DELETED = {"deletionTimestamp": "2026-11-23T12:00:04Z"}


def disruption(reason: str, message: str) -> list[dict[str, str]]:
    return [
        {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message},
    ]


def deleted(pod: dict[str, Any]) -> dict[str, Any]:
    pod["metadata"].update(DELETED)
    return pod


PREEMPTED = ("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher one")
TAINTED = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")


@pytest.mark.parametrize("why", [PREEMPTED, TAINTED])
def test_a_pod_that_the_cluster_took_says_why(make: Any, why: tuple[str, str]) -> None:
    pod = make.ended_pod(Reason.CANCELLED, "told to stop")
    pod["status"]["conditions"] = disruption(*why)
    told = pods.failure(pod)
    assert told.reason is Reason.CANCELLED
    assert told.message == f"pod pod-1 is taken away by the cluster: {why[0]}: {why[1]}"


def test_a_pod_that_somebody_deleted_says_so(make: Any) -> None:
    told = pods.failure(deleted(make.ended_pod(Reason.CANCELLED, "told to stop")))
    assert told == pods.Failure(Reason.CANCELLED, "pod pod-1 was deleted before it ended")


def test_what_the_transfer_itself_said_counts_more(make: Any) -> None:
    pod = deleted(make.ended_pod(Reason.NETWORK_ERROR, "no route"))
    assert pods.failure(pod).reason is Reason.NETWORK_ERROR


def test_while_the_pod_of_a_lost_node_is_waited_for_the_condition_says_so(
    make: Any, now: datetime
) -> None:
    job = make.job(make.cube(), active=1)
    running = report.observed({}, job, [make.pod("Running")], now)
    pod = deleted(make.pod("Running", conditions=disruption(*TAINTED)))
    told = report.observed(running, job, [pod], now)
    (condition,) = told["conditions"]
    assert (condition["type"], condition["status"]) == ("Initialized", "True")
    assert "; pod pod-1 is taken away by the cluster: DeletionByTaintMan" in condition["message"]
    assert condition["lastTransitionTime"] == running["conditions"][0]["lastTransitionTime"]
    again = report.observed(told, job, [pod, make.pod("Running", 2)], now)
    assert again["conditions"][0]["message"] == running["conditions"][0]["message"]


def test_one_that_waited_for_its_start_says_that_it_is_deleted(make: Any, now: datetime) -> None:
    told = report.observed({}, make.job(make.cube(), active=1), [deleted(make.pod())], now)
    message = told["conditions"][0]["message"]
    assert message == "pod pod-1 is pending: it was deleted before it ended"


def test_a_pod_that_vanished_while_it_was_deleted_is_not_forgotten(
    make: Any, now: datetime
) -> None:
    cube = make.cube()
    seen = report.observed({}, make.job(cube, active=1), [deleted(make.pod("Running"))], now)
    told = report.observed(seen, make.job(cube, "Failed", failed=1), [], now)
    assert make.conditions(told)["Failed"] == ("True", "Cancelled")
    assert told["conditions"][-1]["message"] == "pod pod-1 was deleted before it ended"
