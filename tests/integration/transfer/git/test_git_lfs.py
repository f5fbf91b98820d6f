from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DATA = bytes(range(256)) * 4096  # 1 MiB
NEWER = DATA[::-1]

needs_git_lfs = pytest.mark.skipif(not shutil.which("git-lfs"), reason="git-lfs is not installed")
pytestmark = needs_git_lfs


def pointer(data: bytes) -> str:
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"


def keep(origin: Any, data: bytes) -> None:
    """Let the server have the large file, as a person's git-lfs would."""
    objects = origin.bare / "lfs" / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    (objects / hashlib.sha256(data).hexdigest()).write_bytes(data)


@pytest.fixture
def models(origin: Any) -> Any:
    """A repository whose `model.bin` is in Git LFS."""
    origin.person.commit(origin.work, ".gitattributes", "*.bin filter=lfs diff=lfs -text\n")
    keep(origin, DATA)
    origin.commit("model.bin", pointer(DATA))
    return origin


def test_large_files_come_with_their_data(program: Any, models: Any, volume: Path) -> None:
    ended = program.download(URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    assert (volume / "models" / "model.bin").read_bytes() == DATA
    assert (ended.result["files"], ended.result["bytes"] > len(DATA)) == (3, True)
    assert "LFS" not in models.person.git(volume / "models", "status", "--short")


def test_a_second_run_brings_what_changed(program: Any, models: Any, volume: Path) -> None:
    program.download(URL=models.url)
    keep(models, NEWER)
    models.commit("model.bin", pointer(NEWER))
    ended = program.download(URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    assert (volume / "models" / "model.bin").read_bytes() == NEWER


def test_a_large_file_that_was_changed_here_is_not_lost(
    program: Any, models: Any, volume: Path
) -> None:
    program.download(URL=models.url)
    (volume / "models" / "model.bin").write_bytes(b"mine")
    keep(models, NEWER)
    models.commit("model.bin", pointer(NEWER))
    ended = program.download(URL=models.url)
    assert ended.code != 0
    assert (volume / "models" / "model.bin").read_bytes() == b"mine"


def test_a_missing_object_is_an_error(program: Any, models: Any, volume: Path) -> None:
    shutil.rmtree(models.bare / "lfs")
    ended = program.download(URL=models.url)
    assert ended.code != 0
    assert "no such object" in ended.message
    assert list(volume.iterdir()) == []


def test_the_pointers_alone_can_be_asked_for(program: Any, models: Any, volume: Path) -> None:
    ended = program.download(URL=models.url, GIT_LFS_SKIP_SMUDGE="1")
    assert (volume / "models" / "model.bin").read_text() == pointer(DATA)
    assert "1 files are in Git LFS" in ended.log


def test_without_the_program_it_is_said_what_to_do(
    program: Any, models: Any, volume: Path, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh"):
        (tools / name).symlink_to(str(shutil.which(name)))
    program.path = str(tools)
    ended = program.download(URL=models.url)
    assert (ended.code, ended.reason) == (69, "Unsupported")
    assert "git-lfs is not installed" in ended.message
    assert list(volume.iterdir()) == []


def test_another_server_named_by_the_repository_is_not_asked(
    program: Any, models: Any, volume: Path
) -> None:
    text = "[lfs]\n\turl = http://127.0.0.1:9/evil\n\tfetchexclude = *\n"
    models.commit(".lfsconfig", text)
    ended = program.download(URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    assert (volume / "models" / "model.bin").read_bytes() == DATA


def test_a_wrong_token_is_said_and_not_shown(program: Any, models: Any, token: str) -> None:
    program.download(URL=models.url)
    ended = program.download(URL=models.url, TOKEN="wrong-token-8812")
    assert ended.reason == "AuthenticationFailed"
    assert token not in ended.everything


def test_a_push_sends_large_files_first(
    program: Any, models: Any, volume: Path, token: str
) -> None:
    program.download(URL=models.url)
    work, data = volume / "models", os.urandom(300_000)
    (work / "new.bin").write_bytes(data)
    filters = ("-c", "filter.lfs.clean=git-lfs clean -- %f", "-c", "filter.lfs.required=true")
    models.person.git(work, *filters, "add", "--all")
    models.person.git(work, *filters, "commit", "--quiet", "-m", "new")
    ended = program.upload(URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    stored = models.bare / "lfs" / "objects" / hashlib.sha256(data).hexdigest()
    assert stored.read_bytes() == data
    assert token not in ended.everything


def test_a_push_of_a_read_only_volume_sends_them_too(
    program: Any, models: Any, volume: Path
) -> None:
    program.download(URL=models.url)
    git_dir = volume / "models" / ".git"
    before = sorted(path.relative_to(git_dir) for path in git_dir.rglob("*"))
    models.person.git(models.bare, "update-ref", "-d", "refs/heads/main")
    shutil.rmtree(models.bare / "lfs")
    ended = program.upload(URL=models.url)
    assert ended.reason == "TransferSucceeded", ended.message
    assert sorted(path.relative_to(git_dir) for path in git_dir.rglob("*")) == before
