from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ASKED = "--recurse-submodules"


def add(parent: Any, path: str, commit: str, url: str) -> str:
    """Let a repository name another one, as `git submodule add` would, and return the commit."""
    modules = parent.work / ".gitmodules"
    text = modules.read_text() if modules.exists() else ""
    modules.write_text(f'{text}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
    parent.person.git(parent.work, "add", ".gitmodules")
    parent.person.git(
        parent.work, "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}"
    )
    parent.person.git(parent.work, "commit", "--quiet", "-m", path)
    parent.push("HEAD:refs/heads/main")
    return str(parent.person.git(parent.work, "rev-parse", "HEAD"))


@pytest.fixture
def lib(make_origin: Callable[[str], Any]) -> Any:
    """A repository `lib` that names a third one, `deep`."""
    deep, lib = make_origin("deep"), make_origin("lib")
    commit = deep.commit("deep.txt", "deep")
    lib.commit("lib.txt", "lib")
    add(lib, "third/deep", commit, "../deep.git")
    return lib


@pytest.fixture
def models(origin: Any, lib: Any) -> Any:
    """The repository `models`, with `lib` in `vendor/lib`."""
    add(origin, "vendor/lib", lib.has("refs/heads/main"), "../lib.git")
    return origin


def test_submodules_come_when_asked_for(program: Any, models: Any, volume: Path) -> None:
    ended = program.download(ASKED, URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    vendor = volume / "models" / "vendor" / "lib"
    assert (vendor / "lib.txt").read_text() == "lib"
    assert (vendor / "third" / "deep" / "deep.txt").read_text() == "deep"
    assert (ended.result["submodules"], ended.result["files"]) == (1, 5)


def test_they_do_not_come_unasked(program: Any, models: Any, volume: Path) -> None:
    ended = program.download(URL=models.url)
    assert list((volume / "models" / "vendor" / "lib").iterdir()) == []
    assert "submodules" not in ended.result


def test_the_users_git_knows_them(program: Any, models: Any, volume: Path, token: str) -> None:
    program.download(ASKED, URL=models.url)
    status = models.person.git(volume / "models", "submodule", "status", "--recursive")
    assert [line.split()[1] for line in status.splitlines()] == [
        "vendor/lib", "vendor/lib/third/deep",
    ]  # fmt: skip
    assert not any(line.startswith(("-", "+", "U")) for line in status.splitlines())
    assert models.person.git(volume / "models", "status", "--short") == ""
    assert token not in (volume / "models" / ".git" / "config").read_text()


def test_a_second_run_follows_the_new_commit(
    program: Any, models: Any, lib: Any, volume: Path
) -> None:
    program.download(ASKED, URL=models.url)
    commit = lib.commit("more.txt", "more")
    models.person.git(models.work, "update-index", "--cacheinfo", f"160000,{commit},vendor/lib")
    models.person.git(models.work, "commit", "--quiet", "-m", "newer")
    models.push("HEAD:refs/heads/main")
    ended = program.download(ASKED, URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    assert (volume / "models" / "vendor" / "lib" / "more.txt").read_text() == "more"


def test_a_submodule_that_is_not_there_is_named(program: Any, origin: Any, volume: Path) -> None:
    add(origin, "vendor/gone", "1" * 40, "../gone.git")
    ended = program.download(ASKED, URL=origin.url)
    assert (ended.code, ended.reason) == (66, "SourceNotFound")
    assert ended.message.startswith("submodule vendor/gone: ")
    assert list(volume.iterdir()) == []


@pytest.mark.parametrize("url", ["git@host:x.git", "file:///etc", "ext::id"])
def test_what_is_not_spoken_is_refused(program: Any, origin: Any, volume: Path, url: str) -> None:
    add(origin, "vendor/x", "1" * 40, url)
    ended = program.download(ASKED, URL=origin.url)
    assert ended.message.startswith("submodule vendor/x: url")
    assert list(volume.iterdir()) == []


def test_a_link_in_its_place_is_not_followed_out(
    program: Any, models: Any, volume: Path, tmp_path: Path
) -> None:
    program.download(URL=models.url)
    outside = tmp_path / "outside"
    outside.mkdir()
    (volume / "models" / "vendor" / "lib").rmdir()
    (volume / "models" / "vendor" / "lib").symlink_to(outside)
    ended = program.download(ASKED, URL=models.url)
    assert ended.code != 0
    assert list(outside.iterdir()) == []


def test_a_shallow_download_brings_them_too(program: Any, models: Any, volume: Path) -> None:
    ended = program.download(ASKED, "--depth=1", URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    assert (volume / "models" / "vendor" / "lib" / "lib.txt").read_text() == "lib"
