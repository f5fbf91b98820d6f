from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    State = Callable[[dict[str, Any]], dict[str, Any]]

CANARY = "canary-8c1f"


async def test_a_process_inherits_nothing(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "KUBECONFIG", "GIT_ASKPASS", "LC_ALL"):
        monkeypatch.setenv(name, CANARY)
    pod = cluster.pod("", command=["env", "-0"], env=[{"name": "A", "value": "1"}])
    await cluster.pod_in("Succeeded")
    seen = dict(word.split("=", 1) for word in cluster.output(pod).split("\0") if word)
    scratch = tmp_path / "pods" / pod["metadata"]["uid"]
    assert seen == {
        "PATH": os.defpath,
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        "LANG": "C.UTF-8",
        "A": "1",
        "EMBEDDED_POD_UID": pod["metadata"]["uid"],
    }


async def test_a_process_reads_nothing_and_keeps_no_files_open(cluster: Any) -> None:
    pod = cluster.pod("cat; ls /proc/self/fd | wc -l")
    await cluster.pod_in("Succeeded")
    assert cluster.output(pod).strip() == "4"  # 0, 1, 2, and ls's own directory


async def test_success_is_reported_as_the_kubelet_does(cluster: Any, terminated: State) -> None:
    cluster.pod("exit 0")
    pod = await cluster.pod_in("Succeeded")
    assert terminated(pod)["exitCode"] == 0
    assert terminated(pod)["reason"] == "Completed"
    status, container = pod["status"], pod["status"]["containerStatuses"][0]
    assert (status["podIP"], status["hostIP"]) == ("127.0.0.1", "127.0.0.1")
    assert (container["ready"], container["restartCount"]) == (False, 0)
    conditions = {c["type"]: (c["status"], c.get("reason")) for c in status["conditions"]}
    assert conditions == {
        "PodReadyToStartContainers": ("False", None),
        "PodScheduled": ("True", None),
        "Initialized": ("True", "PodCompleted"),
        "Ready": ("False", "PodCompleted"),
        "ContainersReady": ("False", "PodCompleted"),
    }


async def test_a_running_pod_is_ready(cluster: Any) -> None:
    cluster.pod("exec sleep 60")
    pod = await cluster.pod_in("Running")
    conditions = {c["type"]: c["status"] for c in pod["status"]["conditions"]}
    expected = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    assert conditions == dict.fromkeys(("PodReadyToStartContainers", *expected), "True")
    assert pod["spec"]["nodeName"] == "datacube-local"
    assert pod["status"]["startTime"]


async def test_exit_code_and_termination_message_are_told(cluster: Any, terminated: State) -> None:
    script = 'printf \'{"reason": "%s"}\' "$1" > "$2"; exit 75'
    cluster.pod("", command=["sh", "-c", script, "sh", "NetworkError", "/dev/termination-log"])
    pod = await cluster.pod_in("Failed")
    assert terminated(pod)["exitCode"] == 75
    assert terminated(pod)["reason"] == "Error"
    assert json.loads(terminated(pod)["message"]) == {"reason": "NetworkError"}


async def test_a_signal_is_an_exit_code_above_128(cluster: Any, terminated: State) -> None:
    cluster.pod("kill -9 $$$$")
    assert terminated(await cluster.pod_in("Failed"))["exitCode"] == 137


async def test_the_output_stands_in_for_a_message_on_error(cluster: Any, terminated: State) -> None:
    cluster.pod("echo last words; exit 1", terminationMessagePolicy="FallbackToLogsOnError")
    assert terminated(await cluster.pod_in("Failed"))["message"] == "last words\n"


async def test_stdout_and_stderr_are_one_log_for_the_owner(cluster: Any) -> None:
    pod = cluster.pod("echo out; echo err >&2; echo out again")
    await cluster.pod_in("Succeeded")
    assert cluster.output(pod) == "out\nerr\nout again\n"
    log = cluster.runner.log_path("default", "p", pod["metadata"]["uid"])
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


async def test_log_and_scratch_go_with_the_pod(cluster: Any, tmp_path: Path) -> None:
    pod = cluster.pod("echo words")
    await cluster.pod_in("Succeeded")
    await cluster.until(lambda: not list((tmp_path / "pods").iterdir()))
    log = cluster.runner.log_path("default", "p", pod["metadata"]["uid"])
    assert log.exists()
    cluster.delete("pods", "p")
    await cluster.until(lambda: not log.exists())


async def test_a_program_that_is_not_there_is_a_start_error(
    cluster: Any, terminated: State
) -> None:
    cluster.pod("", command=["no-such-program"])
    end = terminated(await cluster.pod_in("Failed"))
    assert (end["exitCode"], end["reason"]) == (128, "StartError")
    assert 'exec: "no-such-program": executable file not found in $PATH' in end["message"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"restartPolicy": "Always"}, "spec.restartPolicy"),
        ({"command": []}, "spec.containers[0].command"),
        ({"initContainers": [{"name": "i", "image": "i"}]}, "spec.initContainers"),
        ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, "spec.volumes[0]"),
        ({"restartPolicy": "OnFailure"}, "spec.restartPolicy"),
    ],
)
async def test_what_cannot_be_run_here_fails_and_names_the_field(
    cluster: Any, spec: dict[str, Any], field: str
) -> None:
    cluster.pod("exit 0", **spec)
    pod = await cluster.pod_in("Failed")
    assert pod["status"]["reason"] == "UnsupportedPod"
    assert "containerStatuses" not in pod["status"]  # kubectl would show what it says there
    assert pod["status"]["message"].startswith(field)


async def test_a_pod_that_passes_its_deadline_is_ended(cluster: Any, terminated: State) -> None:
    cluster.pod("exec sleep 60", activeDeadlineSeconds=1)
    pod = await cluster.pod_in("Failed")
    assert pod["status"]["reason"] == "DeadlineExceeded"
    message = "Pod was active on the node longer than the specified deadline"
    assert pod["status"]["message"] == message
    assert terminated(pod)["exitCode"] == 143


async def test_a_pod_may_pass_its_deadline_while_it_waits(
    cluster: Any, terminated: State, tmp_path: Path
) -> None:
    reference = {"secretKeyRef": {"name": "never", "key": "k"}}
    env = [{"name": "A", "valueFrom": reference}]
    cluster.secret("s", k=CANARY)
    volumes = [{"name": "s", "secret": {"secretName": "s"}}]
    mounts = [{"name": "s", "mountPath": "/s"}]
    cluster.pod("exit 0", env=env, activeDeadlineSeconds=1, volumes=volumes, volumeMounts=mounts)
    waiting = await cluster.pod_in("Pending")
    held = tmp_path / "pods" / waiting["metadata"]["uid"] / "volumes" / "s" / "k"
    await cluster.until(held.exists)
    pod = await cluster.pod_in("Failed")
    assert pod["status"]["reason"] == "DeadlineExceeded"
    assert terminated(pod)["reason"] == "ContainerStatusUnknown"
    assert terminated(pod).get("finishedAt") is None
    await cluster.until(lambda: not list((tmp_path / "pods").iterdir()))
