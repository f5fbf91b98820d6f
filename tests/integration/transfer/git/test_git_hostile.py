from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-checkout", "post-commit",
    "post-merge", "post-update", "pre-auto-gc", "pre-commit", "pre-push", "pre-rebase",
    "proc-receive", "push-to-checkout", "reference-transaction", "sendemail-validate",
)  # fmt: skip


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "it-ran"


@pytest.fixture
def evil(tmp_path: Path, marker: Path) -> Path:
    """A program that leaves a marker."""
    path = tmp_path / "evil.sh"
    path.write_text(f'#!/bin/sh\necho "$0 $*" >> "{marker}"\nexit 1\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def hostile(program: Any, origin: Any, volume: Path, evil: Path) -> Path:
    """A repository of the volume, in which everything that can be turned against us is."""
    origin.person.commit(origin.work, ".gitattributes", "* filter=evil diff=evil merge=evil\n")
    origin.commit("b.txt", "b")
    assert program.download(URL=origin.url).code == 0
    repository = volume / "models"
    origin.person.commit(repository, "mine.txt", "mine")
    nested = repository / "nested"
    nested.mkdir()
    origin.person.git(nested, "init", "--quiet")
    origin.person.commit(nested, "n.txt", "n")
    origin.person.git(repository, "add", "nested")
    origin.person.git(repository, "commit", "--quiet", "-m", "a submodule")
    elsewhere = f"{origin.url.rpartition('/')[0].replace('127.0.0.1', 'nowhere.invalid')}/"
    included = evil.with_name("included")
    included.write_text(f'[core]\n\tfsmonitor = "{evil}"\n')
    for git_dir in (repository / ".git", nested / ".git"):
        (git_dir / "config").write_text(
            (git_dir / "config").read_text()
            + f"""
[core]
	fsmonitor = "{evil}"
	hooksPath = "{git_dir / "hooks"}"
	sshCommand = "{evil}"
	askPass = "{evil}"
	gitProxy = "{evil}"
	editor = "{evil}"
	pager = "{evil}"
	alternateRefsCommand = "{evil}"
[include]
	path = "{included}"
[credential]
	helper = "!{evil}"
[url "{elsewhere}"]
	insteadOf = "{origin.url.rpartition("/")[0]}/"
	pushInsteadOf = "{origin.url.rpartition("/")[0]}/"
[http]
	proxy = "http://nowhere.invalid:1"
	sslVerify = false
	extraHeader = "X-Evil: 1"
[remote "origin"]
	pushurl = "{elsewhere}"
	proxy = "http://nowhere.invalid:1"
	uploadpack = "{evil}"
	receivepack = "{evil}"
	vcs = "ext"
[filter "evil"]
	clean = "{evil}"
	smudge = "{evil}"
	process = "{evil}"
	required = true
[diff "evil"]
	command = "{evil}"
	textconv = "{evil}"
[merge "evil"]
	driver = "{evil}"
[protocol]
	allow = always
[gpg]
	program = "{evil}"
[push]
	gpgSign = if-asked
[fetch]
	recurseSubmodules = true
[submodule]
	recurse = true
[alias]
	fetch = "!{evil}"
"""
        )
        for hook in HOOKS:
            (git_dir / "hooks").mkdir(exist_ok=True)
            shutil.copy(evil, git_dir / "hooks" / hook)
    (nested / "n.txt").write_text("changed")
    # A file that looks changed: else git may find nothing to look into, and run no filter.
    os.utime(repository / "mine.txt", (0, 0))
    return repository


def test_the_traps_are_traps(origin: Any, hostile: Path, marker: Path) -> None:
    for command in (("fetch", origin.url), ("status",)):
        with pytest.raises(subprocess.CalledProcessError):
            origin.person.git(hostile, *command)
    assert "fsmonitor" in origin.person.git(hostile, "config", "--list")
    assert marker.exists()


def test_an_upload_runs_and_follows_nothing_of_it(
    program: Any, origin: Any, hostile: Path, marker: Path
) -> None:
    ended = program.upload(URL=origin.url)
    assert ended.code == 0, ended.everything
    assert not marker.exists(), marker.read_text()
    config = str(hostile / ".git" / "config")
    assert origin.person.git(origin.bare, "rev-parse", "main")
    assert "evil" in origin.person.git(origin.bare, "config", "--file", config, "core.fsmonitor")


def test_a_download_runs_and_follows_nothing_of_it(
    program: Any, origin: Any, hostile: Path, marker: Path
) -> None:
    program.upload(URL=origin.url)
    origin.person.git(origin.work, "pull", "--quiet", str(origin.bare), "main")
    origin.commit("a.txt", "two")
    origin.commit("x.txt", "x", branch="other")
    for ref in ("main", "other", "main"):
        ended = program.download(URL=origin.url, REF=ref)
        assert ended.code == 0, ended.everything
    assert not marker.exists(), marker.read_text()
    assert (hostile / "a.txt").read_text() == "two"


def test_a_broken_configuration_is_an_error_in_gits_words(
    program: Any, origin: Any, volume: Path
) -> None:
    program.download(URL=origin.url)
    (volume / "models" / ".git" / "config").write_text("[broken")
    origin.commit("a.txt", "two")
    ended = program.download(URL=origin.url)
    assert (ended.code, ended.reason) == (70, "EngineFailed")
    assert "invalid" in ended.message


@pytest.mark.parametrize("name", ["refs", "objects", "packed-refs", "logs", "refs/heads", "HEAD"])
def test_a_link_out_of_the_repository_is_refused(
    program: Any, origin: Any, volume: Path, tmp_path: Path, name: str
) -> None:
    program.download(URL=origin.url)
    inside, outside = volume / "models" / ".git" / name, tmp_path / "outside"
    if inside.exists():
        inside.rename(outside)
    inside.symlink_to(outside)
    for direction in ("download", "upload"):
        ended = program(direction, URL=origin.url)
        assert (ended.code, ended.reason) == (64, "InvalidOption")
        assert f".git/{name} leads out" in ended.message


@pytest.mark.parametrize("kind", ["file", "link", "empty"])
def test_a_git_directory_that_is_none_is_refused(
    program: Any, origin: Any, volume: Path, tmp_path: Path, kind: str
) -> None:
    program.download(URL=origin.url)
    git_dir = volume / "models" / ".git"
    git_dir.rename(tmp_path / "moved")
    if kind == "file":
        git_dir.write_text(f"gitdir: {tmp_path / 'moved'}\n")
    elif kind == "link":
        git_dir.symlink_to(tmp_path / "moved")
    else:
        git_dir.mkdir()
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert "repository" in ended.message


def test_objects_from_outside_of_the_volume_are_not_borrowed(
    program: Any, origin: Any, volume: Path
) -> None:
    program.download(URL=origin.url)
    alternates = volume / "models" / ".git" / "objects" / "info" / "alternates"
    alternates.write_text(f"{origin.work / '.git' / 'objects'}\n")
    ended = program.upload(URL=origin.url)
    assert (ended.code, ended.reason) == (64, "InvalidOption")
    assert "borrows objects" in ended.message


def test_a_link_out_of_the_volume_is_not_followed(
    program: Any, origin: Any, volume: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (volume / "sub").symlink_to(tmp_path / "outside")
    for sub_path in ("sub", "sub/deeper"):
        ended = program.download(URL=origin.url, sub_path=sub_path)
        assert (ended.code, ended.reason) == (64, "InvalidOption")
        assert ended.message.startswith("subPath: ")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_in_place_of_the_repository_is_not_followed_out(
    program: Any, origin: Any, volume: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (volume / "models").symlink_to(tmp_path / "outside")
    assert program.download(URL=origin.url).code == 64
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_within_the_volume_is_followed(program: Any, origin: Any, volume: Path) -> None:
    (volume / "real").mkdir()
    (volume / "sub").symlink_to("real")
    assert program.download(URL=origin.url, sub_path="sub").result["directory"] == "real/models"
    assert (volume / "real" / "models" / "a.txt").exists()


def test_a_volume_of_another_user_is_no_obstacle(program: Any, origin: Any, volume: Path) -> None:
    program.wrap("git", 'export GIT_TEST_ASSUME_DIFFERENT_OWNER=1\nreal "$@"')
    program.download(URL=origin.url)
    origin.person.commit(volume / "models", "mine.txt", "mine")
    assert program.upload(URL=origin.url).code == 0
    if os.getuid() == 0:
        for path in (volume / "models").rglob("*"):
            os.chown(path, 12345, 12345)
    assert program.download(URL=origin.url).code == 0
