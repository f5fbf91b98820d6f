from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_api.status import Phase

if TYPE_CHECKING:
    from pathlib import Path


async def test_killed_at_every_stage_it_goes_on(world: Any, start: Any, until: Any) -> None:
    world.apply()
    process = start()
    await until(lambda: world.find("persistentvolumeclaims", "data"))
    await process.end(signal.SIGKILL)
    process = start()
    await until(world.job)
    world.make_pod()
    world.pod_runs()
    await process.end(signal.SIGKILL)
    process = start()
    await until(lambda: world.outcome().phase is Phase.RUNNING)
    await process.end(signal.SIGKILL)
    world.pod_ends(Reason.TRANSFER_SUCCEEDED, "done")
    world.job_says("Complete", succeeded=1)
    start()
    await until(lambda: world.outcome().phase is Phase.SUCCEEDED)
    assert world.jobs_made() == 1


async def test_sigterm_ends_it_cleanly_and_its_log_is_json(
    world: Any, start: Any, until: Any
) -> None:
    process = start()
    made = world.apply()
    await until(world.job)
    await until(world.status)
    assert await process.end(signal.SIGTERM) == 0
    lines = [json.loads(line) for line in process.log().splitlines()]
    assert lines[-1]["event"] == "stopped"
    created = next(line for line in lines if line["event"].startswith("created Job"))
    expected = ("default", "cube", made["metadata"]["uid"])
    assert (created["namespace"], created["name"], created["uid"]) == expected


async def test_no_value_and_no_token_is_in_the_log(world: Any, start: Any, until: Any) -> None:
    options = [
        {"name": "token", "value": "canary-2d9e"},
        {"name": "url", "value": "https://$(TOKEN)@example.org/r.git"},
    ]
    process = start()
    world.apply(source={"type": "git", "options": options})
    await until(world.job)
    await until(world.status)
    await process.end(signal.SIGTERM)
    assert "created Job" in process.log()
    assert "canary-2d9e" not in process.log()
    assert world._token not in process.log()


def test_a_kubeconfig_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "datacube_runtime.controller",
            "--kubeconfig",
            missing,
            "--listen",
            "off",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no cluster to talk to" in json.loads(done.stderr.splitlines()[-1])["event"]
