from __future__ import annotations

from typing import Any

import pytest

KUBELET = {"component": "kubelet", "host": "datacube-local"}
WAITS = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]


def conditioned(status: dict[str, Any]) -> dict[str, Any] | None:
    return status if status.get("conditions") else None


@pytest.fixture
def told(cluster: Any) -> Any:
    """Return the reasons and messages of what was told of an object, in order."""

    def of(name: str) -> list[tuple[str, str, str]]:
        events = [e for e in cluster.list("events") if e["involvedObject"]["name"] == name]
        events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [(e["type"], e["reason"], e["message"]) for e in events]

    return of


async def test_a_pod_that_runs_says_how_it_began(cluster: Any, told: Any) -> None:
    cluster.pod("exit 0")
    pod = await cluster.pod_in("Succeeded")
    assert told("p") == [
        ("Normal", "Scheduled", "Successfully assigned default/p to datacube-local"),
        ("Normal", "Created", "Container created"),
        ("Normal", "Started", "Container started"),
    ]
    started = next(e for e in cluster.list("events") if e["reason"] == "Started")
    assert started["source"] == KUBELET
    assert started["involvedObject"]["uid"] == pod["metadata"]["uid"]
    assert started["involvedObject"]["fieldPath"] == "spec.containers{transfer}"


async def test_a_pod_says_what_it_waits_for(cluster: Any, told: Any) -> None:
    cluster.pod("exit 0", env=WAITS)
    await cluster.pod_waiting("CreateContainerConfigError")
    assert told("p")[-1] == ("Warning", "Failed", 'Error: secret "late" not found')
    cluster.secret("late", k="v")
    await cluster.pod_in("Succeeded")
    assert [reason for _, reason, _ in told("p")][-2:] == ["Created", "Started"]


async def test_a_pod_says_which_claim_is_missing(cluster: Any, told: Any) -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster.pod("exit 0", volumes=volumes)
    await cluster.until(lambda: told("p"))
    message = '0/1 nodes are available: persistentvolumeclaim "data" not found.'
    assert told("p") == [("Warning", "FailedScheduling", message)]


async def test_a_pod_that_fits_no_node_says_so_and_waits(cluster: Any, told: Any) -> None:
    cluster.pod("exit 0", nodeSelector={"kubernetes.io/os": "plan9"})
    await cluster.until(lambda: told("p"))
    why = "1 node(s) didn't match Pod's node affinity/selector"
    assert told("p") == [("Warning", "FailedScheduling", f"0/1 nodes are available: {why}.")]
    status = await cluster.until(lambda: conditioned(cluster.get("pods", "p")["status"]))
    said = {key: status["conditions"][0][key] for key in ("type", "status", "reason", "message")}
    assert said["reason"] == "Unschedulable"
    assert (said["type"], said["status"], said["message"]) == ("PodScheduled", "False", why)
    assert status["phase"] == "Pending"


async def test_a_pod_for_another_scheduler_or_node_is_left_alone(cluster: Any, told: Any) -> None:
    cluster.pod("exit 0", name="other", schedulerName="other")
    cluster.pod("exit 0", name="there", nodeName="there")
    cluster.pod("exit 0", name="gated", schedulingGates=[{"name": "example.org/g"}])
    cluster.pod("exit 0")
    await cluster.pod_in("Succeeded")  # which was asked for after the others
    for name in ("other", "there", "gated"):
        assert cluster.get("pods", name)["status"]["phase"] == "Pending"
        assert told(name) == []
    cluster.patch("pods", "gated", {"spec": {"schedulingGates": None}})
    await cluster.pod_in("Succeeded", name="gated")


async def test_a_pod_says_which_files_are_missing(cluster: Any, told: Any) -> None:
    volumes = [{"name": "s", "secret": {"secretName": "s"}}]
    mounts = [{"name": "s", "mountPath": "/etc/s"}]
    cluster.pod("exit 0", volumes=volumes, volumeMounts=mounts)
    await cluster.pod_waiting("ContainerCreating")
    message = 'MountVolume.SetUp failed for volume "s" : secret "s" not found'
    assert told("p")[-1] == ("Warning", "FailedMount", message)


async def test_a_pod_says_that_its_program_is_not_there(cluster: Any, told: Any) -> None:
    cluster.pod("", command=["no-such-program"])
    await cluster.pod_in("Failed")
    kind, reason, message = told("p")[-1]
    assert (kind, reason) == ("Warning", "Failed")
    assert message.startswith('Error: failed to start the container: exec: "no-such-program"')


async def test_a_pod_says_that_it_is_ended_and_why(cluster: Any, told: Any) -> None:
    cluster.pod("exec sleep 60", activeDeadlineSeconds=1)
    await cluster.pod_in("Failed")
    message = "Pod was active on the node longer than the specified deadline"
    assert told("p")[-2:] == [
        ("Normal", "DeadlineExceeded", message),
        ("Normal", "Killing", "Stopping container transfer"),
    ]


async def test_a_job_says_what_became_of_it(cluster: Any, told: Any) -> None:
    cluster.job("exit 1", backoffLimit=1)
    await cluster.job_with("Failed")
    made = sorted(f"Created pod: {pod['metadata']['name']}" for pod in cluster.list("pods"))
    *created, last = await cluster.until(lambda: told("j")[2:] and told("j"))
    assert sorted(message for _, _, message in created) == made
    assert {reason for _, reason, _ in created} == {"SuccessfulCreate"}
    words = "Job has reached the specified backoff limit"
    assert last == ("Warning", "BackoffLimitExceeded", words)


async def test_a_job_says_that_it_is_complete(cluster: Any, told: Any) -> None:
    cluster.job("exit 0")
    await cluster.job_with("Complete")
    assert told("j")[-1] == ("Normal", "Completed", "Job completed")


async def test_a_finished_job_is_removed_with_its_pods_when_its_time_is_over(
    cluster: Any,
) -> None:
    cluster.job("exit 0", ttlSecondsAfterFinished=1)
    cluster.job("exit 0", name="kept")
    await cluster.until(
        lambda: [job["metadata"]["name"] for job in cluster.list("jobs")] == ["kept"]
    )
    await cluster.until(lambda: len(cluster.list("pods")) == 1)


async def test_a_policy_forgives_some_exit_codes_and_fails_at_once_for_others(
    cluster: Any, tmp_path: Any
) -> None:
    rules = [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
    ]
    script = f"test -e {tmp_path}/second && exit 42; touch {tmp_path}/second; exit 7"
    cluster.job(script, backoffLimit=0, podFailurePolicy={"rules": rules})
    job = await cluster.job_with("Failed")
    failed = next(c for c in job["status"]["conditions"] if c["type"] == "Failed")
    assert failed["reason"] == "PodFailurePolicy"
    assert failed["message"].endswith("failed with exit code 42 matching FailJob rule at index 1")
    assert job["status"]["failed"] == 1
    assert len(cluster.list("pods")) == 2
    assert job["spec"]["podReplacementPolicy"] == "Failed"


async def test_a_lost_attempt_may_be_forgiven(cluster: Any, tmp_path: Any) -> None:
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    policy = {"rules": [{"action": "Ignore", "onPodConditions": disrupted}]}
    script = f"test -e {tmp_path}/second && exit 0; touch {tmp_path}/second; exec sleep 300"
    cluster.job(script, backoffLimit=0, podFailurePolicy=policy)
    await cluster.until((tmp_path / "second").exists)
    await cluster.pod_in("Running", name=cluster.list("pods")[0]["metadata"]["name"])
    await cluster.stop()
    cluster.start()
    job = await cluster.job_with("Complete")
    assert job["status"].get("failed") is None
