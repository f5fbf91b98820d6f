from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from datacube_runtime.local.apiserver.tables import pods
from datacube_runtime.local.apiserver.tables.rendering import TableOptions, table
from datacube_runtime.local.registry.resources import PODS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = {"ready": True, "state": {"running": {}}}
INITS = [{"name": "i"}, {"name": "j"}]
SIDECAR = [{"name": "s", "restartPolicy": "Always"}]


def ended(code: int, **more: Any) -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code, **more}}}


def waiting(reason: str) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason}}}


def a_pod(*statuses: Any, meta: Any = None, spec: Any = None, **status: Any) -> dict[str, Any]:
    said = {"phase": "Running", "containerStatuses": list(statuses), **status}
    spec = {"containers": [{"name": "c"}] * max(len(statuses), 1), **(spec or {})}
    return {"metadata": {"name": "p", **(meta or {})}, "spec": spec, "status": said}


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("pod", "state", "ready"),
    [
        (a_pod(RUNNING), "Running", "1/1"),
        (a_pod(waiting("CrashLoopBackOff")), "CrashLoopBackOff", "0/1"),
        (a_pod(ended(1)), "ExitCode:1", "0/1"),
        (a_pod(ended(137, signal=9)), "Signal:9", "0/1"),
        (a_pod(ended(0, reason="Completed")), "Completed", "0/1"),
        (a_pod(ended(0, reason="Completed"), ended(2, reason="Error")), "Error", "0/2"),
        (a_pod(ended(0, reason="Completed"), RUNNING), "NotReady", "1/2"),
        (a_pod(ended(0, reason="Completed"), RUNNING, conditions=READY), "Running", "1/2"),
        (a_pod(phase="Failed", reason="Evicted"), "Evicted", "0/1"),
        (a_pod(RUNNING, meta={"deletionTimestamp": "x"}), "Terminating", "1/1"),
        (a_pod(phase="Failed", meta={"deletionTimestamp": "x"}), "Failed", "0/1"),
        (a_pod(reason="NodeLost", meta={"deletionTimestamp": "x"}), "Unknown", "0/1"),
    ],
)
def test_a_pod_says_how_it_is(pod: Any, state: str, ready: str) -> None:
    assert (pods.state(pod, NOW), pods.ready(pod, NOW)) == (state, ready)


@pytest.mark.parametrize(
    ("inits", "state"),
    [
        ([{"name": "i", "state": {"running": {}}}], "Init:0/2"),
        ([{"name": "i", **ended(0)}, {"name": "j", **waiting("PodInitializing")}], "Init:1/2"),
        ([{"name": "i", **waiting("ErrImagePull")}], "Init:ErrImagePull"),
        ([{"name": "i", **ended(3)}], "Init:ExitCode:3"),
        ([{"name": "i", **ended(3, reason="Error")}], "Init:Error"),
        ([{"name": "i", **ended(0)}, {"name": "j", **ended(0)}], "PodInitializing"),
    ],
)
def test_a_pod_says_which_step_of_its_beginning_it_is_at(inits: Any, state: str) -> None:
    pod = a_pod(
        waiting("PodInitializing"), spec={"initContainers": INITS}, initContainerStatuses=inits
    )
    assert pods.state(pod, NOW) == state


def test_a_sidecar_counts_among_the_containers() -> None:
    beside = {"name": "s", "ready": True, "started": True, "state": {"running": {}}}
    pod = a_pod(RUNNING, spec={"initContainers": SIDECAR}, initContainerStatuses=[beside])
    assert (pods.ready(pod, NOW), pods.state(pod, NOW)) == ("2/2", "Running")


def test_restarts_of_all_containers_are_counted_and_the_last_is_told() -> None:
    early, late = "2025-12-31T23:00:00Z", "2025-12-31T23:55:00Z"
    statuses = [
        {**RUNNING, "restartCount": n, "lastState": ended(1, finishedAt=at)["state"]}
        for n, at in ((2, late), (1, early))
    ]
    assert pods.restarts(a_pod(*statuses), NOW) == "3 (5m ago)"
    assert pods.restarts(a_pod(RUNNING), NOW) == "0"


def test_a_row_of_a_finished_pod_says_that_it_is_over() -> None:
    rows = table(PODS, [], [a_pod(phase="Succeeded"), a_pod(RUNNING)], {}, NOW)["rows"]
    assert [c["reason"] for c in rows[0]["conditions"]] == ["Succeeded"]
    assert "conditions" not in rows[1]


def test_a_row_carries_what_is_asked_for() -> None:
    pod = a_pod(RUNNING)
    carried = {
        include: table(PODS, [], [pod], {}, NOW, options=TableOptions(include))["rows"][0]["object"]
        for include in ("", "None", "Object")
    }
    assert carried[""]["kind"] == "PartialObjectMetadata"
    assert carried["None"] is None
    assert carried["Object"]["kind"] == "Pod"
    assert carried["Object"]["spec"] == pod["spec"]
