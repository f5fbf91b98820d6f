from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(program: Any, origin: Any, volume: Path) -> Path:
    assert program.download(URL=origin.url).code == 0
    return volume / "models"


@pytest.fixture
def head(origin: Any, repository: Path) -> Any:
    return lambda: origin.person.git(repository, "rev-parse", "HEAD")


def test_commits_that_were_not_pushed_are_kept(
    program: Any, origin: Any, repository: Path, head: Any
) -> None:
    mine = origin.person.commit(repository, "mine.txt", "mine")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.result["commit"]) == (0, mine)
    assert head() == mine


def test_a_branch_that_went_apart_is_an_error_and_stays(
    program: Any, origin: Any, repository: Path, head: Any
) -> None:
    mine = origin.person.commit(repository, "mine.txt", "mine")
    origin.commit("a.txt", "theirs")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (65, "LocalChanges")
    assert "commits on branch 'main' that the server does not have" in ended.message
    assert head() == mine
    assert (repository / "mine.txt").exists()


def test_a_branch_rewritten_on_the_server_is_followed_where_nothing_is_lost(
    program: Any, origin: Any, repository: Path, head: Any
) -> None:
    origin.person.git(origin.work, "commit", "--quiet", "--amend", "-m", "rewritten")
    origin.push("+HEAD:refs/heads/main")
    assert program.download(URL=origin.url).code == 0
    assert head() == origin.has("refs/heads/main")
    assert repository.exists()


def test_commits_that_were_pushed_are_nothing_to_lose(
    program: Any, origin: Any, repository: Path, head: Any
) -> None:
    origin.person.commit(repository, "mine.txt", "mine")
    assert program.upload(URL=origin.url).code == 0
    origin.person.git(origin.work, "pull", "--quiet", str(origin.bare), "main")
    theirs = origin.commit("a.txt", "on top of mine")
    assert program.download(URL=origin.url).result["commit"] == theirs == head()


def test_a_shallow_repository_finds_out_what_was_pushed(
    program: Any, origin: Any, volume: Path
) -> None:
    origin.commit("a.txt", "two")
    arguments = {"URL": origin.url, "sub_path": "shallow"}
    program.download("--depth=1", **arguments)
    origin.person.commit(volume / "shallow" / "models", "mine.txt", "mine")
    assert program.upload(**arguments).code == 0
    origin.person.git(origin.work, "pull", "--quiet", str(origin.bare), "main")
    for text in ("three", "four"):
        origin.commit("a.txt", text)
    ended = program.download("--depth=1", **arguments)
    assert ended.code == 0, ended.everything
    assert (volume / "shallow" / "models" / "a.txt").read_text() == "four"


def test_changes_that_are_not_committed_are_kept_where_they_do_not_collide(
    program: Any, origin: Any, repository: Path
) -> None:
    (repository / "notes").write_text("mine")
    origin.commit("b.txt", "new")
    assert program.download(URL=origin.url).code == 0
    assert (repository / "notes").read_text() == "mine"
    assert (repository / "b.txt").exists()


def test_changes_that_collide_stop_the_checkout_and_stay(
    program: Any, origin: Any, repository: Path
) -> None:
    (repository / "a.txt").write_text("mine, not committed")
    origin.commit("a.txt", "theirs")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (70, "EngineFailed")
    assert "a.txt" in ended.message
    assert (repository / "a.txt").read_text() == "mine, not committed"


def test_commits_on_no_branch_are_not_left_behind(
    program: Any, origin: Any, repository: Path, head: Any
) -> None:
    origin.person.git(repository, "checkout", "--quiet", "--detach")
    mine = origin.person.commit(repository, "mine.txt", "mine")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (65, "LocalChanges")
    assert "on no branch" in ended.message
    assert head() == mine


def test_another_branch_keeps_its_commits(
    program: Any, origin: Any, repository: Path, head: Any
) -> None:
    origin.person.git(repository, "switch", "--quiet", "-c", "work")
    mine = origin.person.commit(repository, "mine.txt", "mine")
    newest = origin.commit("a.txt", "two")
    assert program.download(URL=origin.url).code == 0
    assert head() == newest
    assert origin.person.git(repository, "rev-parse", "work") == mine


def test_the_users_own_configuration_stays(program: Any, origin: Any, repository: Path) -> None:
    origin.person.git(repository, "config", "user.email", "me@example.org")
    origin.commit("a.txt", "two")
    assert program.download(URL=origin.url).code == 0
    assert origin.person.git(repository, "config", "user.email") == "me@example.org"
