from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import ApiStatusError

if TYPE_CHECKING:
    from collections.abc import Callable

IGNORES_TERM = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
SAYS_BYE = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done"


def is_gone(cluster: Any, name: str = "p") -> bool:
    try:
        cluster.get("pods", name)
    except ApiStatusError as error:
        return error.code == 404
    return False


async def test_a_deleted_pod_may_end_by_itself(cluster: Any) -> None:
    pod = cluster.pod(SAYS_BYE)
    await cluster.pod_in("Running")
    await cluster.until(lambda: "ready" in cluster.output(pod))
    log = cluster.runner.log_path("default", "p", pod["metadata"]["uid"]).open()
    cluster.delete("pods", "p")
    assert "deletionTimestamp" in cluster.get("pods", "p")["metadata"]
    await cluster.until(lambda: is_gone(cluster))
    with log:
        assert log.read().endswith("bye\n")


async def test_a_pod_that_does_not_heed_is_killed_after_its_grace(
    cluster: Any, alive: Callable[[int], bool]
) -> None:
    pod = cluster.pod(IGNORES_TERM, terminationGracePeriodSeconds=1)
    await cluster.pod_in("Running")
    await cluster.until(lambda: "ready" in cluster.output(pod))
    pid = pid_of(cluster.get("pods", "p"))
    cluster.delete("pods", "p")
    await cluster.until(lambda: is_gone(cluster))
    assert not alive(pid)


async def test_a_pod_that_is_deleted_while_it_waits_fails_before_it_goes(cluster: Any) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "never", "key": "k"}}}]
    cluster.pod("exit 0", env=env)
    await cluster.pod_waiting("CreateContainerConfigError")
    pods = cluster.registry.resource("", "pods")
    changes = cluster.registry.watch(pods, "default", cluster.registry.version())
    cluster.delete("pods", "p")
    seen = []
    async for kind, pod in changes:
        seen.append((kind, pod["status"]["phase"]))
        if kind == "DELETED":
            break
    assert seen[:2] == [("MODIFIED", "Pending"), ("MODIFIED", "Failed")]
    assert seen[-1] == ("DELETED", "Failed")


async def test_a_shorter_grace_overtakes_a_longer_one(cluster: Any) -> None:
    pod = cluster.pod(IGNORES_TERM)
    await cluster.pod_in("Running")
    await cluster.until(lambda: "ready" in cluster.output(pod))
    cluster.delete("pods", "p")
    cluster.delete("pods", "p", grace_s=1)
    await cluster.until(lambda: is_gone(cluster))


async def test_a_pod_deleted_by_force_leaves_no_process(
    cluster: Any, alive: Callable[[int], bool]
) -> None:
    pod = cluster.pod(IGNORES_TERM)
    await cluster.until(lambda: cluster.get("pods", "p")["status"].get("startTime"))
    await cluster.until(lambda: "ready" in cluster.output(pod))
    pid = pid_of(cluster.get("pods", "p"))
    cluster.delete("pods", "p", grace_s=0)
    assert is_gone(cluster)
    cluster.pod("exit 0")  # the name is another pod's at once
    await cluster.pod_in("Succeeded")
    await cluster.until(lambda: not alive(pid))


async def test_children_die_with_their_pod(cluster: Any, alive: Callable[[int], bool]) -> None:
    # One in the group, one that left it, and one in the group that forgot whose it is.
    pod = cluster.pod(
        "sleep 300 & echo $!; setsid sleep 300 & echo $!; "
        "env -i $(command -v sleep) 300 & echo $!; "
        "while grep -q . /proc/$!/environ; do :; done"
    )
    await cluster.pod_in("Succeeded")
    children = [int(pid) for pid in cluster.output(pod).split()]
    assert len(children) == 3
    await cluster.until(lambda: not any(alive(pid) for pid in children))


async def test_a_waiting_pod_is_deleted_at_once(cluster: Any) -> None:
    reference = {"secretKeyRef": {"name": "never", "key": "k"}}
    cluster.pod("exit 0", env=[{"name": "A", "valueFrom": reference}])
    await cluster.pod_waiting("CreateContainerConfigError")
    cluster.delete("pods", "p")
    await cluster.until(lambda: is_gone(cluster))


async def test_stopping_ends_all_and_says_so(cluster: Any, alive: Callable[[int], bool]) -> None:
    cluster.pod("exec sleep 300")
    pid = pid_of(await cluster.pod_in("Running"))
    await cluster.stop()
    assert not alive(pid)
    cluster.start()
    pod = cluster.get("pods", "p")
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "Lost")


def pid_of(pod: dict[str, Any]) -> int:
    identity: str = pod["status"]["containerStatuses"][0]["containerID"]
    return int(identity.removeprefix("process://"))
