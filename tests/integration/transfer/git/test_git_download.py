from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.progress import read_progress

if TYPE_CHECKING:
    from pathlib import Path


def test_a_clone_lands_in_a_directory_of_the_repositorys_name(
    program: Any, origin: Any, volume: Path
) -> None:
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (0, "TransferSucceeded")
    assert (volume / "models" / "a.txt").read_text() == "one"
    assert [path.name for path in volume.iterdir()] == ["models"]


def test_the_result_says_what_came(program: Any, origin: Any) -> None:
    commit = origin.commit("sub/b.txt", "three")
    result = program.download(URL=origin.url, sub_path="data").result
    assert result.pop("seconds") > 0
    assert result == {
        "ref": "main", "commit": commit, "files": 2, "bytes": 8, "directory": "data/models",
    }  # fmt: skip


def test_a_second_run_fetches(program: Any, origin: Any, volume: Path) -> None:
    program.download(URL=origin.url)
    origin.commit("a.txt", "two")
    ended = program.download(URL=origin.url)
    assert ended.code == 0
    assert (volume / "models" / "a.txt").read_text() == "two"


def test_a_run_with_nothing_new_is_no_error(program: Any, origin: Any) -> None:
    assert program.download(URL=origin.url).code == 0
    assert program.download(URL=origin.url).code == 0


@pytest.mark.parametrize("sub_path", ["with space/deep", "数据/模型", "-x", "a'b\"$(c)"])
def test_any_sub_path_is_only_a_name(
    program: Any, origin: Any, volume: Path, sub_path: str
) -> None:
    assert program.download(URL=origin.url, sub_path=sub_path).code == 0
    assert program.download(URL=origin.url, sub_path=sub_path).code == 0
    assert (volume / sub_path / "models" / "a.txt").exists()


def test_two_repositories_live_beside_each_other(
    program: Any, origin: Any, make_origin: Any, volume: Path
) -> None:
    make_origin("data").commit("d.txt", "d")
    assert program.download(URL=origin.url).code == 0
    assert program.download(URL=origin.url.replace("models", "data")).code == 0
    assert sorted(path.name for path in volume.iterdir()) == ["data", "models"]


@pytest.mark.parametrize("extra", [(), ("--depth=1",), ("--depth", "1", "--no-tags")])
@pytest.mark.parametrize("ref", ["dev/x", "v1", "annotated", "full", "short", "refs/heads/dev/x"])
def test_a_ref_is_a_branch_a_tag_or_a_commit(
    program: Any, origin: Any, volume: Path, ref: str, extra: tuple[str, ...]
) -> None:
    wanted = origin.commit("a.txt", "wanted", branch="dev/x")
    origin.person.git(origin.work, "tag", "v1")
    origin.person.git(origin.work, "tag", "-a", "-m", "note", "annotated")
    origin.push("v1", "annotated")
    if ref in ("full", "short"):
        origin.commit("a.txt", "newer", branch="dev/x")
        ref = wanted if ref == "full" else wanted[:7]
    origin.commit("a.txt", "newest")
    for _ in range(2):  # cloned, then fetched
        ended = program.download(*extra, URL=origin.url, REF=ref)
        assert ended.result.get("commit") == wanted, ended.everything
    assert (volume / "models" / "a.txt").read_text() == "wanted"


def test_a_branch_tracks_the_server_so_that_it_can_be_pushed(
    program: Any, origin: Any, volume: Path
) -> None:
    origin.commit("a.txt", "two", branch="dev")
    program.download(URL=origin.url, REF="dev")
    git = origin.person.git
    assert git(volume / "models", "rev-parse", "--abbrev-ref", "dev@{upstream}") == "origin/dev"
    assert git(volume / "models", "symbolic-ref", "HEAD") == "refs/heads/dev"


def test_a_tag_that_moved_is_followed(program: Any, origin: Any, volume: Path) -> None:
    origin.person.git(origin.work, "tag", "v1")
    origin.push("v1")
    program.download(URL=origin.url, REF="v1")
    origin.commit("a.txt", "moved")
    origin.person.git(origin.work, "tag", "--force", "v1")
    origin.push("+v1")
    assert program.download(URL=origin.url, REF="v1").code == 0
    assert (volume / "models" / "a.txt").read_text() == "moved"


def test_without_a_ref_it_is_master(program: Any, origin: Any, volume: Path) -> None:
    origin.commit("a.txt", "master's", branch="master")
    assert program.download(URL=origin.url).result["ref"] == "master"
    assert (volume / "models" / "a.txt").read_text() == "master's"


def test_without_a_ref_and_a_master_it_is_the_servers_default(program: Any, origin: Any) -> None:
    origin.commit("a.txt", "x", branch="trunk")
    origin.person.git(origin.bare, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert program.download(URL=origin.url).result["ref"] == "trunk"


def test_a_default_branch_that_does_not_exist_is_said(program: Any, origin: Any) -> None:
    origin.person.git(origin.bare, "symbolic-ref", "HEAD", "refs/heads/gone")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (66, "RevisionNotFound")
    assert "default branch" in ended.message


def test_an_empty_repository_is_cloned_empty(program: Any, make_origin: Any, volume: Path) -> None:
    empty = make_origin("empty")
    assert program.download(URL=empty.url).result["commit"] is None
    assert program.download(URL=empty.url).code == 0
    empty.person.commit(volume / "empty", "first.txt", "1")
    assert program.upload(URL=empty.url).result["pushed"] is True


def test_a_download_is_an_ordinary_clone(program: Any, origin: Any, volume: Path) -> None:
    program.download(URL=origin.url)
    repository = volume / "models"
    assert origin.person.git(repository, "remote", "get-url", "origin") == origin.url
    origin.person.commit(repository, "b.txt", "mine")
    assert origin.person.git(repository, "status", "--porcelain") == ""


def test_origin_follows_the_url_of_the_request(program: Any, origin: Any, volume: Path) -> None:
    program.download(URL=origin.url)
    git = origin.person.git
    git(volume / "models", "remote", "set-url", "origin", "http://user:old@127.0.0.1:1/x.git")
    assert program.download(URL=origin.url).code == 0
    assert git(volume / "models", "remote", "get-url", "origin") == origin.url


def test_a_directory_that_is_no_repository_is_left_alone(
    program: Any, origin: Any, volume: Path
) -> None:
    (volume / "models").mkdir()
    (volume / "models" / "precious").write_text("mine")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert "models is there already" in ended.message
    assert (volume / "models" / "precious").read_text() == "mine"


def test_an_empty_directory_is_filled(program: Any, origin: Any, volume: Path) -> None:
    (volume / "models").mkdir()
    assert program.download(URL=origin.url).code == 0


def test_a_shallow_clone_stays_shallow_and_is_updated(
    program: Any, origin: Any, volume: Path
) -> None:
    for text in ("two", "three"):
        origin.commit("a.txt", text)
    program.download("--depth=1", URL=origin.url)
    origin.commit("a.txt", "four")
    assert program.download("--depth=1", URL=origin.url).code == 0
    assert (volume / "models" / "a.txt").read_text() == "four"
    assert origin.person.git(volume / "models", "rev-list", "--count", "HEAD") == "1"


def test_a_partial_clone_brings_its_files(program: Any, origin: Any, volume: Path) -> None:
    ended = program.download("--filter=blob:none", URL=origin.url)
    assert (ended.code, ended.result["bytes"]) == (0, 3)
    origin.commit("a.txt", "later")
    assert program.download("--filter=blob:none", URL=origin.url).code == 0
    assert (volume / "models" / "a.txt").read_text() == "later"


def test_progress_is_told_on_standard_output(program: Any, origin: Any) -> None:
    process = program.start("download", URL=origin.url)
    stdout, _ = process.communicate(timeout=40)
    progress = [read_progress(line) for line in stdout.splitlines()]
    assert progress
    assert all(progress)
