from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.jobs.plan import Backoff, plan_job
from datacube_runtime.local.jobs.policy import Verdict, verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Make = Callable[..., dict[str, Any]]
    At = Callable[[float], datetime]

STARTED = {"startTime": "2026-11-23T12:00:00Z"}
IGNORE_7: dict[str, Any] = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}}
FATAL_42 = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
DISRUPTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
WHY = "Container transfer for pod default/j-1 failed with exit code 42 matching FailJob rule"


@pytest.fixture
def ended(make_pod: Make) -> Make:
    def pod(code: int, *, version: int = 9, conditions: Any = (), **more: Any) -> dict[str, Any]:
        made = make_pod("Failed", ended_at=5, **more)
        made["metadata"]["resourceVersion"] = str(version)
        made["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] = code
        made["status"]["conditions"] = list(conditions)
        return made

    return pod


@pytest.fixture
def job(make_job: Make) -> Make:
    def made(status: dict[str, Any], *rules: Any, **spec: Any) -> dict[str, Any]:
        found = make_job(status, podFailurePolicy={"rules": list(rules)}, **spec)
        found["metadata"]["resourceVersion"] = "8"
        return found

    return made


@pytest.mark.parametrize(
    ("rules", "code", "verdict"),
    [
        ([], 1, Verdict()),
        ([IGNORE_7], 7, Verdict(counts=False)),
        ([IGNORE_7], 8, Verdict()),
        ([FATAL_42], 42, Verdict(message=f"{WHY} at index 0")),
        ([IGNORE_7, FATAL_42], 42, Verdict(message=f"{WHY} at index 1")),
        (
            [{"action": "Count", "onExitCodes": {"operator": "In", "values": [42]}}, FATAL_42],
            42,
            Verdict(),
        ),
        (
            [{"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [1]}}],
            2,
            Verdict(counts=False),
        ),
        (
            [{"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [1]}}],
            1,
            Verdict(),
        ),
        (
            [{**IGNORE_7, "onExitCodes": {**IGNORE_7["onExitCodes"], "containerName": "other"}}],
            7,
            Verdict(),
        ),
    ],
)
def test_the_first_rule_that_matches_decides(
    job: Make, ended: Make, rules: list[Any], code: int, verdict: Verdict
) -> None:
    assert verdict_on(job({}, *rules), ended(code)) == verdict


@pytest.mark.parametrize(("status", "counts"), [("True", False), ("False", True)])
def test_a_rule_may_ask_for_a_condition(job: Make, ended: Make, status: str, counts: bool) -> None:  # noqa: FBT001 - a table's column
    pod = ended(137, conditions=[{"type": "DisruptionTarget", "status": status}])
    assert verdict_on(job({}, DISRUPTED), pod).counts is counts


def test_an_ignored_failure_is_not_counted_but_waited_for(job: Make, ended: Make, at: At) -> None:
    asked = job({**STARTED, "active": 1}, IGNORE_7, backoffLimit=0)
    first = plan_job(asked, [ended(7)], at(6), Backoff())
    assert (first.create, first.again_in_s, first.status.get("failed")) == (False, 9.0, None)
    again = plan_job(job(first.status, IGNORE_7, backoffLimit=0), [ended(7)], at(15), Backoff())
    assert again.create


def test_an_ignored_failure_forgives_no_later_one(job: Make, ended: Make, at: At) -> None:
    asked = job({**STARTED, "active": 1}, IGNORE_7, backoffLimit=1)
    pods = [ended(7, version=3), ended(1, name="j-2", version=9)]
    assert plan_job(asked, pods, at(6), Backoff()).status["failed"] == 1


def test_an_attempt_that_vanished_counts_whatever_was_ignored_before(
    job: Make, ended: Make, at: At
) -> None:
    asked = job({**STARTED, "active": 1}, IGNORE_7, backoffLimit=1)
    assert plan_job(asked, [ended(7, version=3)], at(6), Backoff()).status["failed"] == 1


def test_a_fatal_failure_fails_the_job_at_once(job: Make, ended: Make, at: At) -> None:
    asked = job({**STARTED, "active": 1}, FATAL_42, backoffLimit=5)
    found = plan_job(asked, [ended(42)], at(6), Backoff())
    assert not found.create
    failed = next(c for c in found.status["conditions"] if c["type"] == "Failed")
    assert (failed["reason"], failed["message"]) == ("PodFailurePolicy", f"{WHY} at index 0")
    assert found.status["failed"] == 1


def test_with_a_policy_a_deleted_pod_is_replaced_when_it_is_gone(
    job: Make, make_pod: Make, at: At
) -> None:
    deleted = {"deletionTimestamp": "2026-11-23T12:00:35Z", "deletionGracePeriodSeconds": 30}
    asked = job({**STARTED, "active": 1}, FATAL_42)
    found = plan_job(asked, [make_pod("Running", deleted=deleted)], at(99), Backoff())
    assert not found.create
    assert "failed" not in found.status
