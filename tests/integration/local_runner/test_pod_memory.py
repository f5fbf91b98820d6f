from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    State = Callable[[dict[str, Any]], dict[str, Any]]

GREEDY = "import threading; held = b'x' * 200_000_000; threading.Event().wait()"
MODEST = "import threading; print('ready'); threading.Event().wait(2.5)"
# The shell's child has the memory: all processes of the session count.
BY_A_CHILD = '"$1" -c "$2" & wait'


def limited(cluster: Any, command: list[str], limit: str, **more: Any) -> None:
    container = {"name": "c", "image": "any", "command": command}
    container["resources"] = {"limits": {"memory": limit}}
    spec = {"restartPolicy": "Never", "containers": [container], **more}
    cluster.create("pods", {"metadata": {"name": "p"}, "spec": spec})


async def test_a_pod_that_takes_more_than_its_limit_is_killed(
    cluster: Any, terminated: State
) -> None:
    limited(cluster, [sys.executable, "-c", GREEDY], "100Mi")
    pod = await cluster.pod_in("Failed")
    end = terminated(pod)
    assert (end["reason"], end["exitCode"]) == ("OOMKilled", 137)
    assert "signal" not in end
    assert pod["status"].get("reason") is None
    assert pod["status"]["qosClass"] == "Burstable"


async def test_what_its_children_take_counts(cluster: Any, terminated: State) -> None:
    limited(cluster, ["sh", "-c", BY_A_CHILD, "sh", sys.executable, GREEDY], "100Mi")
    assert terminated(await cluster.pod_in("Failed"))["reason"] == "OOMKilled"


async def test_a_pod_within_its_limit_goes_on(cluster: Any, terminated: State) -> None:
    limited(cluster, [sys.executable, "-c", MODEST], "100Mi")
    assert terminated(await cluster.pod_in("Succeeded"))["exitCode"] == 0


async def test_an_attempt_out_of_memory_is_retried(cluster: Any, terminated: State) -> None:
    container = {"name": "c", "image": "any", "command": [sys.executable, "-c", GREEDY]}
    container["resources"] = {"limits": {"memory": "100Mi"}}  # type: ignore[assignment]  # a manifest
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"metadata": {"name": "j"}, "spec": {"backoffLimit": 1, "template": template}}
    cluster.create("jobs", job)
    found = await cluster.job_with("Failed")
    assert found["status"]["failed"] == 2
    reasons = {terminated(pod)["reason"] for pod in cluster.list("pods")}
    assert reasons == {"OOMKilled"}
