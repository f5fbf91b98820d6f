"""DataCubes as people write them, run by the real controller, runner, transfer program and git."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from datacube_api.status import Phase

if TYPE_CHECKING:
    from pathlib import Path

    from demo.git_server import GitServer

    from .conftest import Cluster

pytestmark = pytest.mark.timeout(90)

TOKEN = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "git-token", "key": "token"}}}
TEMPLATE = {
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
}


def git(*arguments: str | Path) -> str:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    command = ["git", *settings, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def git_end(url: str, token: dict[str, Any] = TOKEN, **options: str) -> dict[str, Any]:
    plain = [{"name": name, "value": value} for name, value in options.items()]
    return {"type": "git", "options": [token, {"name": "url", "value": url}, *plain]}


def volume(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "pvc", "pvc": {"name": name, **more}}


def with_token(url: str) -> str:
    return url.replace("://", "://$(TOKEN)@")


@pytest.fixture(scope="module")
def upstream(git_server: GitServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    bare = git_server.create("upstream/handbook")
    work = tmp_path_factory.mktemp("author")
    git("init", "--quiet", "--initial-branch=main", work)
    for text in ("one", "two"):
        (work / "README.md").write_text(text)
        git("-C", work, "add", "README.md")
        git("-C", work, "commit", "--quiet", "--message", text)
        git("-C", work, "tag", text)
    git("-C", work, "push", "--quiet", bare, "main", "one", "two")
    return f"{git_server.url}/upstream/handbook.git"


@pytest.fixture(scope="module")
def downloaded(cluster: Cluster, upstream: str) -> Path:
    """The volume `books`, made from a template, with the repository below `dev/git`."""
    ref = cluster.create(
        "download",
        source=git_end(with_token(upstream), ref="main"),
        sink=volume("books", subPath="dev/git", template=TEMPLATE),
    )
    outcome = cluster.ended(ref)
    assert outcome.phase is Phase.SUCCEEDED, outcome
    return cluster.volume("books") / "dev/git/handbook"


def test_a_download_makes_the_volume_and_an_ordinary_clone(downloaded: Path) -> None:
    assert (downloaded / "README.md").read_text() == "two"
    assert git("-C", downloaded, "status", "--porcelain", "--branch") == "## main...origin/main"


def test_the_status_has_the_shape_of_the_contract(cluster: Cluster, downloaded: Path) -> None:  # noqa: ARG001 - it must have run
    cube = cluster.cubes.get_namespaced_custom_object(
        "tensorstack.dev", "v1beta1", "default", "datacubes", "download"
    )
    status = cube["status"]
    said = {c["type"]: c["status"] for c in status["conditions"]}
    assert said == {"Initialized": "True", "Complete": "True", "Failed": "False"}
    assert status["pod"]["phase"] == "Succeeded"
    assert status["pod"]["status"] == "Completed"
    assert status["pod"]["reference"]["name"].startswith("download-batchjob-")
    assert status["phase"] == "Succeeded"


def test_the_volume_outlives_the_datacube(cluster: Cluster, upstream: str) -> None:
    ref = cluster.create(
        "short-lived",
        source=git_end(upstream),
        sink=volume("outlives", template=TEMPLATE),
    )
    assert cluster.ended(ref).phase is Phase.SUCCEEDED
    cluster.kubectl("delete", "datacube", "short-lived", "--wait=true")
    assert not cluster.has(cluster.batch.read_namespaced_job, "short-lived-batchjob")
    assert cluster.has(cluster.core.read_namespaced_persistent_volume_claim, "outlives")
    assert (cluster.volume("outlives") / "handbook/README.md").exists()


def test_the_other_way_round(cluster: Cluster, downloaded: Path, git_server: GitServer) -> None:
    bare = git_server.create("downstream/handbook")
    git("-C", downloaded, "switch", "--quiet", "--create", "result")
    git("-C", downloaded, "commit", "--quiet", "--allow-empty", "--message", "trained")
    url = f"{git_server.url}/downstream/handbook.git"
    ref = cluster.create("upload", source=volume("books", subPath="dev/git/"), sink=git_end(url))
    outcome = cluster.ended(ref)
    assert outcome.phase is Phase.SUCCEEDED, outcome
    assert git("-C", bare, "log", "--format=%s", "result").splitlines() == [
        "trained",
        "two",
        "one",
    ]


def test_a_second_run_on_the_same_volume_is_no_error(
    cluster: Cluster, downloaded: Path, upstream: str
) -> None:
    ref = cluster.create(
        "again",
        source=git_end(upstream, ref="one"),
        sink=volume("books", subPath="dev/git", template=TEMPLATE),
    )
    assert cluster.ended(ref).phase is Phase.SUCCEEDED
    assert (downloaded / "README.md").read_text() == "one"


def test_kubectl_runs_one_too(cluster: Cluster, upstream: str) -> None:
    manifest = {
        "apiVersion": "tensorstack.dev/v1beta1",
        "kind": "DataCube",
        "metadata": {"name": "by-kubectl"},
        "spec": {
            "source": git_end(upstream),
            "sink": volume("by-kubectl", template=TEMPLATE),
        },
    }
    cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump(manifest))
    cluster.completed("by-kubectl")
    cluster.kubectl("wait", "dc/by-kubectl", "--for=condition=Complete", "--timeout=10s")
    header, row = cluster.kubectl("get", "dc", "by-kubectl").splitlines()
    assert header.split() == ["NAME", "SOURCE", "SINK", "PHASE", "AGE"]
    assert row.split()[:4] == ["by-kubectl", "git", "pvc", "Succeeded"]
    assert "handbook" in cluster.kubectl("logs", "job/by-kubectl-batchjob")


WRONG = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "wrong-token", "key": "token"}}}


def test_a_wrong_token_is_told_apart(cluster: Cluster, upstream: str) -> None:
    ref = cluster.create(
        "wrong-token", source=git_end(upstream, WRONG), sink=volume("w", template=TEMPLATE)
    )
    outcome = cluster.ended(ref)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "AuthenticationFailed")
    with pytest.raises(AssertionError, match=r"AuthenticationFailed[\s\S]*\[pod/wrong-token-"):
        cluster.completed("wrong-token")


def test_an_unknown_ref_is_named(cluster: Cluster, upstream: str) -> None:
    ref = cluster.create(
        "unknown-ref",
        source=git_end(upstream, ref="nowhere"),
        sink=volume("w", template=TEMPLATE),
    )
    outcome = cluster.ended(ref)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "RevisionNotFound")
    assert "nowhere" in outcome.message


def test_a_push_without_a_commit_is_told(cluster: Cluster, git_server: GitServer) -> None:
    empty = cluster.volume("books") / "empty/blank"
    git("init", "--quiet", empty)
    git_server.create("downstream/blank")
    ref = cluster.create(
        "no-commit",
        source=volume("books", subPath="empty"),
        sink=git_end(f"{git_server.url}/downstream/blank.git"),
    )
    outcome = cluster.ended(ref)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "NothingToUpload")


def test_a_missing_volume_without_a_template_is_named(cluster: Cluster, upstream: str) -> None:
    ref = cluster.create("no-volume", source=git_end(upstream), sink=volume("absent"))
    outcome = cluster.ended(ref)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "VolumeNotFound")
    assert "spec.sink.pvc.name" in outcome.message
    assert "absent" in outcome.message


def test_attempts_are_made_anew_and_counted(cluster: Cluster, upstream: str) -> None:
    ref = cluster.create(
        "retried",
        source=git_end(upstream.replace("handbook", "absent")),
        sink=volume("w", template=TEMPLATE),
        executor={"options": {"backoffLimit": 1}},
    )
    outcome = cluster.ended(ref, timeout_s=60)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "SourceNotFound")
    assert cluster.read(ref)["status"]["attempts"] == 2


def test_the_token_is_nowhere(cluster: Cluster, downloaded: Path, git_token: str) -> None:
    """Neither in what the API server tells, Secrets apart, nor in any file below its directory."""
    told = cluster.told()
    assert "download" in told["datacubes"]
    assert not [kind for kind, text in told.items() if git_token in text]
    volumes_and_logs = [cluster.data / "volumes", cluster.data / "logs", downloaded / ".git"]
    holding = subprocess.run(
        ["grep", "--recursive", "--files-with-matches", git_token, *volumes_and_logs],
        check=False,
        capture_output=True,
        text=True,
    )
    assert holding.stdout == ""
    assert holding.returncode == 1
