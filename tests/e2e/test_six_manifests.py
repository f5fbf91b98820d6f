"""The manifests of the contract, as files, by kubectl: every service, both directions."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.progress import read_progress
from datacube_api.transferred import transferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Cluster
    from tests.e2e.services import Services

MANIFESTS = Path(__file__).parent / "manifests"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def apply(cluster: Cluster, services: Services) -> Callable[[str], dict[str, Any]]:  # noqa: ARG001 - they must run
    """
    Apply a manifest file and return the result once the DataCube is complete.

    Whatever it moved, a task would hand on all that there is to tell of it.
    """

    def apply(name: str) -> dict[str, Any]:
        cluster.kubectl("apply", "--filename", str(MANIFESTS / f"{name}.yaml"))
        made: Any = transferred(cluster.completed(name))
        has_revision = not name.startswith("s3")
        assert bool(made.pop("revision")) == has_revision
        unknown = {key for key, value in made.items() if value in ("", None)}
        assert unknown == ({"bytes", "files"} if name == "git-upload" else set())
        assert None not in made["durations"].values()
        scheme = {"git": "http", "huggingface": "hf", "s3": "s3"}[name.partition("-")[0]]
        there, here = ("sink", "source") if "upload" in name else ("source", "sink")
        assert made[there].startswith(f"{scheme}://")
        assert made[here].startswith("pvc://default/datacube-pvc/")
        result: dict[str, Any] = made["result"]
        return result

    return apply


@pytest.fixture
def volume(cluster: Cluster) -> Path:
    """The volume that all of them name; whichever test comes first makes it."""
    if not cluster.has(cluster.core.read_namespaced_persistent_volume_claim, "datacube-pvc"):
        spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        body = {"metadata": {"name": "datacube-pvc"}, "spec": spec}
        cluster.core.create_namespaced_persistent_volume_claim("default", body)
    return cluster.volume("datacube-pvc")


def test_git_down_and_up(apply: Any, services: Services, volume: Path) -> None:
    services.make_git_repository("six/repo", tag="v1")
    assert apply("git-download")["ref"] == "v1"
    repository = volume / "dev/git/repo"
    assert (repository / "a.txt").read_text() == "one"
    author = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["switch", "--quiet", "-c", "mine"], ["commit", "--allow-empty", "-qm", "mine"]):
        subprocess.run(["git", "-C", repository, *author, *words], check=True)
    assert apply("git-upload")["pushed"] is True
    assert services.git_branches("six/repo") == ["main", "mine"]


def test_huggingface_down_and_up(apply: Any, services: Services, volume: Path) -> None:
    files = {"README.md": b"# six\n", "tokenizer.json": b"{}", "model.bin": bytes(200_000)}
    services.make_hub_repository("six/whisper-large-v3", files)
    assert apply("huggingface-download")["files"] == 2
    arrived = volume / "dev/hf/whisper-large-v3"
    assert sorted(path.name for path in arrived.iterdir()) == ["README.md", "tokenizer.json"]
    services.make_hub_repository("six/copy", {})
    apply("huggingface-upload")
    assert sorted(services.hub_files("six/copy")) == [
        "pvc/demo/README.md",
        "pvc/demo/tokenizer.json",
    ]
    assert services.hub_message("six/copy") == "Upload files from PVC"


def test_s3_down_and_up(apply: Any, services: Services, volume: Path) -> None:
    objects = {"path/subpath/model.safetensors": "weights", "path/subpath/data/1.csv": "1"}
    services.make_bucket("bucket", objects)
    extra = volume / "dev/s3/extra"
    extra.parent.mkdir(parents=True, exist_ok=True)
    extra.touch()
    assert apply("s3-download")["files"] == 2
    assert not extra.exists()
    assert (volume / "dev/s3/data/1.csv").read_text() == "1"
    apply("s3-upload")
    apply("s3-upload-file")
    assert services.objects("bucket/copies") == [
        "directory/data/1.csv",
        "directory/model.safetensors",
        "file/model.safetensors",
    ]


def test_no_credential_is_told(cluster: Cluster, services: Services) -> None:
    told = cluster.told()
    logs = "".join(
        cluster.kubectl("logs", f"job/{path.stem}-batchjob")
        for path in MANIFESTS.glob("*.yaml")
        if cluster.has(cluster.batch.read_namespaced_job, f"{path.stem}-batchjob")
    )
    for credential in services.credentials:
        assert credential not in logs
        assert not [kind for kind, text in told.items() if credential in text]


def test_progress_is_in_the_log(apply: Any, cluster: Cluster, services: Services) -> None:
    services.make_git_repository("six/repo", tag="v1")
    apply("git-download")
    log = cluster.kubectl("logs", "job/git-download-batchjob").splitlines()
    assert any(read_progress(line) for line in log)
