from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from demo.hub.store import Commit, Repository
    from demo.hub_server import HubServer


@pytest.fixture
def directory(program: Any) -> Path:
    directory: Path = program.volume / "out"
    (directory / "sub").mkdir(parents=True)
    (directory / "README.md").write_text("# Model\n")
    (directory / "sub/w.bin").write_bytes(b"w" * 300_000)
    return directory


def _newest(hub: HubServer, name: str, kind: str = "models", branch: str = "main") -> Commit:
    return hub.store.repositories[kind, name].branches[branch][-1]


@pytest.mark.usefixtures("directory")
def test_a_directory_becomes_one_commit_with_the_message(program: Any, hub: HubServer) -> None:
    options = {"PATH_IN_REPO": "v1", "COMMIT_MESSAGE": "First weights"}
    ended = program.upload(REPO="team/up", sub_path="out", **options)
    assert ended.code == 0, ended.everything
    commit = _newest(hub, "team/up")
    assert (commit.title, set(commit.files)) == (
        "First weights", {"v1/README.md", "v1/sub/w.bin"},
    )  # fmt: skip
    assert len(hub.store.repositories["models", "team/up"].branches["main"]) == 2
    assert (hub.store.blobs / commit.files["v1/sub/w.bin"].sha256).read_bytes() == b"w" * 300_000
    assert ended.result["commit_url"].endswith(commit.sha)
    assert (ended.result["files"], ended.result["bytes"], ended.result["committed"]) == (
        2, 300_008, True,
    )  # fmt: skip
    again = program.upload(REPO="team/up", sub_path="out", **options)
    assert (again.code, again.result["committed"]) == (0, False), again.everything
    assert "already" in again.message
    assert _newest(hub, "team/up") is commit


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("path", "expected"), [("", "w.bin"), (".", "w.bin"), ("a/b.bin", "a/b.bin"), ("a/", "a/w.bin")]
)
def test_a_single_file_gets_the_path_or_keeps_its_name(
    program: Any, hub: HubServer, path: str, expected: str
) -> None:
    ended = program.upload(
        REPO=f"team/file{len(path)}", PATH_IN_REPO=path, sub_path="out/sub/w.bin"
    )
    assert ended.code == 0, ended.everything
    commit = _newest(hub, f"team/file{len(path)}")
    assert (list(commit.files), commit.title) == (
        [expected], f"Upload {expected} with huggingface_hub",
    )  # fmt: skip
    assert "list: 293.0 KiB of 293.0 KiB (100 %), 1 of 1 files" in ended.log


@pytest.mark.parametrize("no_xet", ["0", "1"])
def test_six_hundred_files_are_one_commit(program: Any, hub: HubServer, no_xet: str) -> None:
    directory = program.volume / "many"
    directory.mkdir()
    for number in range(600):
        (directory / f"{number}.bin").write_bytes(b"%d" % number)
    name = f"team/many{no_xet}"
    ended = program.upload(REPO=name, sub_path="many", HF_HUB_DISABLE_XET=no_xet)
    assert ended.code == 0, ended.everything
    assert len(hub.store.repositories["models", name].branches["main"]) == 2
    assert len(_newest(hub, name).files) == 600
    assert "600 of 600 files" in ended.log


def test_links_and_devices_are_skipped_and_said(
    program: Any, hub: HubServer, directory: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    (directory / "link").symlink_to(secret)
    (directory / "linked").symlink_to(tmp_path)
    os.mkfifo(directory / "pipe")
    (directory / ".git").mkdir()
    (directory / ".git/config").write_text("x")
    ended = program.upload("--exclude", "*.md", REPO="team/links", sub_path="out")
    assert (ended.code, ended.result["skipped_files"]) == (0, 3), ended.everything
    assert list(_newest(hub, "team/links").files) == ["sub/w.bin"]


def test_what_gitignore_keeps_out_is_said(program: Any, hub: HubServer, directory: Path) -> None:
    (directory / ".gitignore").write_text("*.bin\n")
    ended = program.upload(REPO="team/ignored", sub_path="out")
    assert (ended.code, ended.result["ignored_files"]) == (0, 1), ended.everything
    assert set(_newest(hub, "team/ignored").files) == {".gitignore", "README.md"}


@pytest.mark.usefixtures("directory")
def test_a_branch_is_made_and_a_pull_request_is_not_a_commit_on_main(
    program: Any, hub: HubServer
) -> None:
    ended = program.upload(
        "--revision=next", "--private", "--repo-type=dataset", REPO="team/b", sub_path="out"
    )
    assert ended.code == 0, ended.everything
    assert hub.store.repositories["datasets", "team/b"].private
    assert _newest(hub, "team/b", "datasets", "main").files == {}
    assert _newest(hub, "team/b", "datasets", "next").files
    ended = program.upload("--create-pr", REPO="datasets/team/b", sub_path="out")
    assert (ended.code, ended.result["pull_request"]) == (0, f"{hub.url}/team/b/discussions/1")
    assert _newest(hub, "team/b", "datasets", "main").files == {}


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("status", [412, 503])
def test_a_commit_that_is_not_taken_at_once_is_tried_again(
    program: Any, hub: HubServer, lay: Any, status: int
) -> None:
    name = f"team/again-{status}"
    lay(f"POST /api/models/{name}/commit", status=status, times=2)
    ended = program.upload(REPO=name, sub_path="out")
    assert ended.code == 0, ended.everything
    assert len(hub.store.repositories["models", name].branches["main"]) == 2


@pytest.mark.parametrize(
    "asked",
    [
        "POST /api/repos/create",
        "GET /api/models/.*/revision/next",
        "POST /api/models/.*/branch/next",
        "POST /api/validate-yaml",
        "POST /api/models/.*/preupload/next",
        "POST /.*/info/lfs/objects/batch",
        "PUT /content/",
        "POST /api/models/.*/commit/next",
        "GET /api/models/.*/tree/",
    ],
)
def test_an_answer_that_is_lost_with_its_connection_is_asked_for_again(
    program: Any, hub: HubServer, directory: Path, lay: Any, asked: str
) -> None:
    """Any server may close a connection that is kept open, in the moment when it is used again."""
    (directory / "sub/w.bin").write_text(asked)  # which the hub does not have yet
    name = f"team/lost-{len(hub.store.repositories)}"
    fault = lay(asked, drops=True, times=1)
    ended = program.upload("--revision=next", REPO=name, sub_path="out")
    assert (ended.code, fault.met.is_set()) == (0, True), ended.everything
    branches = hub.store.repositories["models", name].branches
    assert len(branches["next"]) == len(branches["main"]) + 1


def test_there_has_to_be_something_to_upload(program: Any) -> None:
    (program.volume / "empty").mkdir()
    ended = program.upload(REPO="team/none", sub_path="empty")
    assert (ended.code, ended.reason) == (65, "NothingToUpload")
    ended = program.upload(REPO="team/none", sub_path="absent")
    assert (ended.code, ended.reason) == (66, "SourceNotFound")


@pytest.mark.usefixtures("directory")
def test_a_token_that_may_only_read_is_denied(program: Any, reader: str) -> None:
    ended = program.upload(REPO="team/denied", sub_path="out", TOKEN=reader)
    assert (ended.code, ended.reason) == (77, "PermissionDenied"), ended.everything
    assert "write" in ended.message
    assert program.upload(REPO="team/x", sub_path="out", TOKEN="").reason == "AuthenticationFailed"
    assert (
        program.upload(REPO="team/x", sub_path="out", TOKEN="no").reason == "AuthenticationFailed"
    )


def test_metadata_that_the_hub_refuses_is_said_before_anything_is_sent(
    program: Any, hub: HubServer, directory: Path
) -> None:
    (directory / "README.md").write_text("---\nlicense: nonsense\n---\n")
    ended = program.upload(REPO="team/readme", sub_path="out")
    assert (ended.code, ended.reason) == (65, "PushRejected"), ended.everything
    assert "license" in ended.message
    assert not [target for target, _ in hub.requests if "PUT" in target]


@pytest.mark.parametrize("name", ["small.txt", "large.bin"])
def test_what_the_hub_has_in_the_end_is_compared_with_what_was_sent(
    program: Any, repository: Repository, lay: Callable[..., Any], name: str
) -> None:
    (program.volume / name).write_bytes(b"sent")
    fault = lay("GET .*/tree/", flips=True)
    ended = program.upload(REPO=repository.id)
    assert fault.met.is_set()
    assert (ended.code, ended.reason) == (74, "VerificationFailed"), ended.everything
    assert f"{name!r}: what is on the hub is not what was sent" in ended.message
