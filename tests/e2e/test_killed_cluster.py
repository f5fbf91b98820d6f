"""A cluster that was killed counts what ran as a lost attempt, and goes on as the contract says."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Outcome, Phase
from tests.e2e.conftest import started, until

if TYPE_CHECKING:
    from pathlib import Path

    from datacube_api.reference import CubeRef
    from tests.e2e.conftest import Cluster
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(120)

HOST = "git.example"
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUME = {"name": "killed", "template": {"spec": CLAIM}}
TOKEN = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "git-token", "key": "token"}}}


def download(cluster: Cluster, services: Services, backoff_limit: int) -> CubeRef:
    url = {"name": "url", "value": f"http://{HOST}/killed/repo.git"}
    return cluster.create(
        f"killed-{backoff_limit}",
        source={"type": "git", "options": [TOKEN, url]},
        sink={"type": "pvc", "pvc": VOLUME},
        executor={
            "options": {"backoffLimit": backoff_limit},
            "env": [{"name": "HTTP_PROXY", "value": services.proxy.url}],
        },
    )


def is_transferring(cluster: Cluster, ref: CubeRef) -> bool:
    status = cluster.read(ref).get("status") or {}
    return bool((status.get("pod") or {}).get("phase") == "Running")


def killed_amid_it(
    data: Path, services: Services, git_token: str, backoff_limit: int
) -> tuple[Outcome, Any, list[str]]:
    """Kill a cluster while it downloads from a silent host, and start it again; say what became."""
    services.make_git_repository("killed/repo", tag="v1")
    services.proxy.silent.add(HOST)
    with started(data) as (cluster, process):
        cluster.secret("git-token", token=git_token)
        ref = download(cluster, services, backoff_limit)
        until(lambda: is_transferring(cluster, ref))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
    services.proxy.silent.clear()
    with started(data) as (cluster, _):
        outcome = cluster.ended(ref)
        pods = cluster.core.list_namespaced_pod("default").items
        reasons = [pod.status.reason or pod.status.phase for pod in pods]
        return outcome, cluster.read(ref)["status"], sorted(reasons)


def test_the_next_attempt_is_made_where_one_is_left(
    tmp_path: Path, services: Services, git_token: str
) -> None:
    outcome, status, pods = killed_amid_it(tmp_path / "data", services, git_token, 1)
    assert outcome.phase is Phase.SUCCEEDED, outcome
    assert (status["attempts"], pods) == (2, ["Lost", "Succeeded"])
    assert (tmp_path / "data/volumes/default/killed/repo/.git").is_dir()


def test_without_another_attempt_it_has_failed(
    tmp_path: Path, services: Services, git_token: str
) -> None:
    outcome, status, pods = killed_amid_it(tmp_path / "data", services, git_token, 0)
    assert outcome.phase is Phase.FAILED, outcome
    assert (status["attempts"], pods) == (1, ["Lost"])
