"""Every service in both directions, on any cluster: what went down into a volume comes up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.models import PVC, S3, Git, HuggingFace, SecretRef
from datacube_api.status import Phase

if TYPE_CHECKING:
    from tests.cluster.conftest import Space
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(300)

TOKEN = SecretRef("git-token", "token")
HUB = SecretRef("hf-token", "token")
STORE = {
    "endpoint": SecretRef("s3-config", "endpoint"),
    "access_key_id": SecretRef("s3-config", "accessKeyID"),
    "secret_access_key": SecretRef("s3-config", "secretAccessKey"),
}


def succeeds(space: Space, name: str) -> None:
    outcome = space.ended(name)
    assert outcome.phase is Phase.SUCCEEDED, outcome


def test_git(space: Space, services: Services) -> None:
    services.make_git_repository("team/repo", tag="v1")
    down = Git(url="http://git.example/team/repo.git", ref="main", token=TOKEN)
    succeeds(space, space.start("git-down", down, space.volume("git")))
    services.git.create("copies/repo")
    up = Git(url="http://git.example/copies/repo.git", token=TOKEN)
    succeeds(space, space.start("git-up", PVC("data", sub_path="git"), up))
    assert services.git_branches("copies/repo") == ["main"]


def test_huggingface(space: Space, services: Services) -> None:
    services.make_hub_repository("team/model", {"a.bin": bytes(200_000), "b.txt": b"left out"})
    services.make_hub_repository("team/copy", {})
    down = HuggingFace(repo="team/model", files=["a.bin"], token=HUB)
    succeeds(space, space.start("hub-down", down, space.volume("hub")))
    up = HuggingFace(repo="team/copy", path_in_repo="in", token=HUB)
    succeeds(space, space.start("hub-up", PVC("data", sub_path="hub"), up))
    assert services.hub_files("team/copy") == ["in/a.bin"]


def test_s3(space: Space, services: Services) -> None:
    services.make_bucket("bucket", {"from/a.txt": "one", "from/deep/b.txt": "two"})
    down = S3(uri="s3://bucket/from", **STORE)
    succeeds(space, space.start("s3-down", down, space.volume("s3"), sync=True))
    up = S3(uri="s3://bucket/copy", no_check_bucket=True, **STORE)
    succeeds(space, space.start("s3-up", PVC("data", sub_path="s3"), up))
    assert services.objects("bucket/copy") == ["a.txt", "deep/b.txt"]
