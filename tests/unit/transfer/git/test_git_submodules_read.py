from __future__ import annotations

import pytest

from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.submodules import Submodule, read_submodules
from datacube_runtime.transfer.git.url import read_remote

PARENT = read_remote("https://user:canary@git.example/team/app.git", "")
COMMIT = "1" * 40


def from_(url: str) -> str:
    return Submodule("lib", COMMIT, "lib", url).remote(PARENT).url


def test_paths_and_commits_come_from_the_tree() -> None:
    tree = f"100644 blob {'2' * 40}\ta.txt\x00160000 commit {COMMIT}\tvendor/x y\0"
    modules = "submodule.a.b.path\nvendor/x y\0submodule.a.b.url\n../x.git\0core.x\n1"
    assert read_submodules(tree, modules) == [Submodule("vendor/x y", COMMIT, "a.b", "../x.git")]


def test_what_the_tree_does_not_have_is_no_submodule() -> None:
    modules = "submodule.a.path\n../../etc\0submodule.a.url\nhttps://x/y.git"
    assert read_submodules("", modules) == []


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("../lib.git", "https://git.example/team/lib.git"),
        ("../../other/lib.git", "https://git.example/other/lib.git"),
        ("./lib", "https://git.example/team/app.git/lib"),
        ("https://else.example/x.git", "https://else.example/x.git"),
    ],
)
def test_an_address_may_be_relative(url: str, resolved: str) -> None:
    assert from_(url) == resolved


@pytest.mark.parametrize(
    "url",
    ["", "git@github.com:x/y.git", "ssh://x/y.git", "file:///etc", "ext::sh -c id",
     "../../../../x", "-u", "/etc/x.git"],
)  # fmt: skip
def test_what_cannot_be_transferred_from_is_refused(url: str) -> None:
    with pytest.raises(TransferError, match="url"):
        from_(url)


def test_the_credential_serves_for_the_same_server_only() -> None:
    def credential(url: str) -> object:
        return Submodule("lib", COMMIT, "lib", url).remote(PARENT).credential

    assert credential("../lib.git") == PARENT.credential
    assert credential("https://git.example.evil/lib.git") is None
    assert credential("http://git.example/lib.git") is None
