from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(program: Any, origin: Any, volume: Path) -> Path:
    """A download of `models`, with one more commit."""
    assert program.download(URL=origin.url).code == 0
    origin.person.commit(volume / "models", "result.txt", "42")
    return volume / "models"


@pytest.fixture
def head(origin: Any, repository: Path) -> str:
    return str(origin.person.git(repository, "rev-parse", "HEAD"))


def test_the_current_branch_is_pushed(program: Any, origin: Any, head: str) -> None:
    ended = program.upload(URL=origin.url)
    assert ended.code == 0
    assert origin.has("refs/heads/main") == head
    result = ended.result
    assert result.pop("seconds") > 0
    assert result == {"ref": "main", "commit": head, "pushed": True, "directory": "models"}


def test_a_branch_that_the_server_does_not_know_is_made_there(
    program: Any, origin: Any, repository: Path, head: str
) -> None:
    origin.person.git(repository, "switch", "--quiet", "-c", "results/new")
    assert program.upload(URL=origin.url).result["ref"] == "results/new"
    assert origin.has("refs/heads/results/new") == head
    assert origin.has("refs/heads/main") != head


def test_a_push_with_nothing_new_is_no_error(program: Any, origin: Any, head: str) -> None:
    assert program.upload(URL=origin.url).result["pushed"] is True
    again = program.upload(URL=origin.url)
    assert (again.code, again.result["pushed"], again.result["commit"]) == (0, False, head)


def test_a_push_goes_to_the_url_and_not_to_the_origin(
    program: Any, origin: Any, make_origin: Any, repository: Path, head: str
) -> None:
    other = make_origin("other")
    shutil.copytree(repository, repository.parent / "other")
    assert program.upload(URL=other.url).code == 0
    assert other.has("refs/heads/main") == head
    assert origin.has("refs/heads/main") != head


def test_the_sub_path_is_the_parent_of_the_repository(
    program: Any, origin: Any, volume: Path, repository: Path, head: str
) -> None:
    (volume / "with space").mkdir()
    repository.rename(volume / "with space" / "models")
    assert program.upload(URL=origin.url, sub_path="with space").code == 0
    assert origin.has("refs/heads/main") == head


def test_nothing_is_written_into_the_volume(
    program: Any, origin: Any, volume: Path, repository: Path
) -> None:
    def seen() -> list[tuple[str, int, int]]:
        paths = [repository, *repository.rglob("*")]
        return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)

    before = seen()
    assert program.upload(URL=origin.url).code == 0
    assert seen() == before
    assert list(volume.iterdir()) == [repository]


def test_a_branch_without_a_commit_is_said(
    program: Any, origin: Any, volume: Path, person: Any
) -> None:
    (volume / "sub" / "models").mkdir(parents=True)
    person.git(volume / "sub" / "models", "init", "--quiet")
    ended = program.upload(URL=origin.url, sub_path="sub")
    assert (ended.code, ended.reason) == (65, "NothingToUpload")
    assert "sub/models has no commit" in ended.message


def test_a_detached_head_is_said(program: Any, origin: Any, repository: Path) -> None:
    origin.person.git(repository, "checkout", "--quiet", "--detach")
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (65, "NothingToUpload")
    assert "detached" in ended.message


def test_a_directory_that_is_missing_is_said(program: Any, origin: Any) -> None:
    ended = program.upload(URL=origin.url, sub_path="sub")
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert "sub/models does not exist" in ended.message


def test_a_directory_that_is_no_repository_is_said(program: Any, origin: Any, volume: Path) -> None:
    (volume / "models").mkdir()
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert "models is no Git repository" in ended.message


@pytest.mark.usefixtures("repository")
def test_a_push_that_is_no_fast_forward_is_rejected_in_gits_words(
    program: Any, origin: Any
) -> None:
    theirs = origin.commit("a.txt", "theirs")
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (65, "PushRejected")
    assert "main [rejected] (fetch first)" in ended.message
    assert origin.has("refs/heads/main") == theirs


@pytest.mark.usefixtures("repository")
def test_what_a_hook_of_the_server_declines_is_rejected(program: Any, origin: Any) -> None:
    hook = origin.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho only on fridays\nexit 1\n")
    hook.chmod(0o755)
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (65, "PushRejected")
    assert "pre-receive hook declined" in ended.message
    assert "only on fridays" in ended.log


def test_force_is_the_authors_word(program: Any, origin: Any, repository: Path, head: str) -> None:
    origin.commit("a.txt", "theirs")
    assert repository.exists()
    assert program.upload("--force", URL=origin.url).code == 0
    assert origin.has("refs/heads/main") == head


def test_tags_go_along_when_asked(program: Any, origin: Any, repository: Path) -> None:
    origin.person.git(repository, "tag", "-a", "-m", "release", "v1")
    assert program.upload("--follow-tags", URL=origin.url).code == 0
    assert origin.has("refs/tags/v1")


def test_a_shallow_clone_can_be_pushed(program: Any, origin: Any, volume: Path) -> None:
    origin.commit("a.txt", "two")
    program.download("--depth=1", URL=origin.url, sub_path="shallow")
    mine = origin.person.commit(volume / "shallow" / "models", "mine.txt", "mine")
    assert program.upload(URL=origin.url, sub_path="shallow").code == 0
    assert origin.has("refs/heads/main") == mine


def test_a_partial_clone_can_be_pushed(program: Any, origin: Any, volume: Path) -> None:
    origin.commit("a.txt", "two")
    program.download("--filter=blob:none", URL=origin.url, sub_path="partial")
    mine = origin.person.commit(volume / "partial" / "models", "mine.txt", "mine")
    assert program.upload(URL=origin.url, sub_path="partial").code == 0
    assert origin.has("refs/heads/main") == mine


def test_a_big_push_arrives(program: Any, origin: Any, repository: Path) -> None:
    # Git sends what is above http.postBuffer (1 MiB) in chunks and without a length.
    (repository / "big.bin").write_bytes(bytes(range(256)) * 1024 * 12)
    origin.person.git(repository, "config", "core.compression", "0")
    mine = origin.person.commit(repository, "more.txt", "more")
    assert program.upload(URL=origin.url).code == 0
    assert origin.has("refs/heads/main") == mine
