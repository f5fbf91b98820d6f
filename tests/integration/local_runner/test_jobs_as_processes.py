from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_job_makes_one_pod_and_completes(cluster: Any) -> None:
    cluster.job("echo done")
    job = await cluster.job_with("Complete")
    (pod,) = cluster.list("pods")
    assert pod["metadata"]["name"].startswith("j-")
    assert pod["metadata"]["labels"]["job-name"] == "j"
    (owner,) = pod["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == (job["metadata"]["uid"], True)
    status = job["status"]
    assert (status["succeeded"], status.get("active"), status.get("failed")) == (1, None, None)
    assert status["completionTime"] >= status["startTime"]
    reasons = {c["type"]: c["reason"] for c in status["conditions"]}
    assert reasons == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}


async def test_attempts_go_on_until_one_succeeds(cluster: Any, tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/tries; test $(wc -l < {tmp_path}/tries) = 3"
    cluster.job(script, backoffLimit=5)
    job = await cluster.job_with("Complete")
    assert (job["status"]["failed"], job["status"]["succeeded"]) == (2, 1)
    assert sorted(p["status"]["phase"] for p in cluster.list("pods")) == [
        "Failed",
        "Failed",
        "Succeeded",
    ]


async def test_the_backoff_limit_ends_it(cluster: Any) -> None:
    cluster.job("exit 3", backoffLimit=1)
    job = await cluster.job_with("Failed")
    failed = next(c for c in job["status"]["conditions"] if c["type"] == "Failed")
    assert failed["reason"] == "BackoffLimitExceeded"
    assert failed["message"] == "Job has reached the specified backoff limit"
    assert job["status"]["failed"] == 2
    assert len(cluster.list("pods")) == 2


async def test_a_deadline_of_the_pod_ends_one_attempt_only(cluster: Any, tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/second && exit 0; touch {tmp_path}/second; exec sleep 300"
    cluster.job(script, backoffLimit=1, pod={"activeDeadlineSeconds": 1})
    job = await cluster.job_with("Complete")
    assert job["status"]["failed"] == 1
    reasons = [p["status"].get("reason") for p in cluster.list("pods")]
    assert sorted(reasons, key=str) == ["DeadlineExceeded", None]


async def test_a_deadline_of_the_job_ends_them_all(cluster: Any) -> None:
    cluster.job("exec sleep 300", backoffLimit=5, activeDeadlineSeconds=1)
    job = await cluster.job_with("Failed")
    failed = next(c for c in job["status"]["conditions"] if c["type"] == "Failed")
    assert failed["reason"] == "DeadlineExceeded"
    assert cluster.list("pods") == []


async def test_a_pod_deleted_from_outside_is_a_failed_attempt(cluster: Any) -> None:
    cluster.job("exec sleep 300", backoffLimit=1)
    first = (await cluster.until(lambda: cluster.list("pods")))[0]
    name = first["metadata"]["name"]
    await cluster.pod_in("Running", name=name)
    cluster.delete("pods", name, grace_s=0)
    second = await cluster.until(
        lambda: [p for p in cluster.list("pods") if p["metadata"]["name"] != name]
    )
    await cluster.until(lambda: cluster.get("jobs", "j")["status"].get("failed") == 1)
    cluster.delete("pods", second[0]["metadata"]["name"], grace_s=0)
    job = await cluster.job_with("Failed")
    assert job["status"]["failed"] == 2


async def test_an_end_is_counted_before_anybody_can_delete_the_pod(cluster: Any) -> None:
    cluster.job("exit 0")
    pods = await cluster.until(lambda: cluster.list("pods"))
    await cluster.pod_in("Succeeded", name=pods[0]["metadata"]["name"])
    assert cluster.get("jobs", "j")["status"]["succeeded"] == 1


async def test_a_deleted_job_takes_its_pods_along(cluster: Any) -> None:
    cluster.job("exec sleep 300", pod={"terminationGracePeriodSeconds": 1})
    pods = await cluster.until(lambda: cluster.list("pods"))
    await cluster.pod_in("Running", name=pods[0]["metadata"]["name"])
    cluster.delete("jobs", "j")
    await cluster.until(lambda: not cluster.list("pods"))


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(cluster: Any) -> None:
    cluster.job("exit 0", suspend=True)
    await cluster.job_with("Suspended")
    assert cluster.list("pods") == []
    cluster.patch("jobs", "j", {"spec": {"suspend": False}})
    job = await cluster.job_with("Complete")
    assert job["status"].get("failed") is None


async def test_many_jobs_at_once_all_complete(cluster: Any) -> None:
    for number in range(20):
        cluster.job("exit 0", name=f"j{number}")
    for number in range(20):
        await cluster.job_with("Complete", name=f"j{number}")
    assert len(cluster.list("pods")) == 20


async def test_a_finished_job_does_not_run_again_after_a_restart(cluster: Any) -> None:
    cluster.job("exit 0")
    await cluster.job_with("Complete")
    cluster.delete("pods", cluster.list("pods")[0]["metadata"]["name"])
    await cluster.stop()
    cluster.start()
    cluster.job("exit 0", name="later")
    await cluster.job_with("Complete", name="later")
    assert [p["metadata"]["labels"]["job-name"] for p in cluster.list("pods")] == ["later"]
