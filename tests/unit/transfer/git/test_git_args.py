from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_api.direction import Direction
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.git.args import ALLOWED, is_narrow

DOWN, UP = Direction.DOWNLOAD, Direction.UPLOAD
OK = (("-o", UP), ("--recurse-submodules", DOWN))  # a word for the server; what is asked for
DANGEROUS = (
    "--upload-pack", "-u", "--receive-pack", "--exec", "-c", "--config", "--template",
    "--reference", "--reference-if-able", "--separate-git-dir", "--mirror", "--delete", "-d",
    "--repo", "--recurse-submodules", "--bare", "-o", "--origin", "--server-option", "--all",
    "--signed", "--bundle-uri", "--remote-submodules", "--dissociate", "-l", "--local", "-s",
    "--shared", "--output", "--set-upstream", "--negotiation-tip", "--refmap", "--stdin",
)  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (["--depth", "1"], ("--depth=1",)),
        (["--depth=1"], ("--depth=1",)),
        (["-j4"], ("--jobs=4",)),
        (["-j", "4"], ("--jobs=4",)),
        (["-q", "--quiet"], ("--quiet", "--quiet")),
        (["--filter=blob:none", "--no-tags"], ("--filter=blob:none", "--no-tags")),
        (["--depth", "--upload-pack=id"], ("--depth=--upload-pack=id",)),
        ([], ()),
    ],
)
def test_what_tunes_a_download_is_passed_on(given_: list[str], expected: tuple[str, ...]) -> None:
    assert ALLOWED[DOWN].read(given_).of("clone") == expected


def test_what_tunes_a_push_is_passed_on() -> None:
    given_ = ["-f", "--force-with-lease", "--force-with-lease=a:b", "-o", "ci.skip", "--tags"]
    assert ALLOWED[UP].read(given_).of("push") == (
        "--force", "--force-with-lease", "--force-with-lease=a:b", "--push-option=ci.skip",
        "--tags",
    )  # fmt: skip


def test_what_only_one_command_knows_is_not_given_to_the_other() -> None:
    extra = ALLOWED[DOWN].read(["--single-branch", "--prune", "--depth=1"])
    assert extra.of("clone") == ("--single-branch", "--depth=1")
    assert extra.of("fetch") == ("--prune", "--depth=1")


@pytest.mark.parametrize("value", [None, "=canary", "canary"])
@pytest.mark.parametrize(
    ("name", "direction"),
    [
        (name, direction)
        for name in DANGEROUS
        for direction in Direction
        if (name, direction) not in OK
    ],
)
def test_what_runs_reads_or_redirects_is_refused(
    name: str, direction: Direction, value: str | None, refusal: Any
) -> None:
    arguments = ["-q", f"{name}{value or ''}"]
    reason, message = refusal(ALLOWED[direction].read, arguments)
    assert reason == "InvalidOption"
    assert message.startswith("extraArgs[1]: ")
    if name.startswith("--") and value != "canary":
        assert "canary" not in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["main"], "only arguments that start with '-'"),
        (["--upload"], "is not passed on; these are: --deepen, --depth"),
        (["-qv"], "-q takes no value"),
        (["--no-tags=1"], "--no-tags takes no value"),
        (["--depth"], "--depth needs a value"),
        (["--depth", ""], "--depth needs a value"),
        (["--branch=x"], "use the option ref"),
        (["--"], "is not passed on"),
        ([""], "only arguments that start with '-'"),
    ],
)
def test_a_refusal_says_why(arguments: list[str], words: str, refusal: Any) -> None:
    assert words in refusal(ALLOWED[DOWN].read, arguments)[1]


@pytest.mark.parametrize(
    ("arguments", "narrow"),
    [
        ([], False),
        (["--no-tags"], False),
        (["--single-branch"], True),
        (["--depth=1"], True),
        (["--depth=1", "--no-single-branch"], False),
    ],
)
def test_it_is_known_whether_all_branches_are_wanted(arguments: list[str], narrow: bool) -> None:  # noqa: FBT001 - the expectation
    assert is_narrow(ALLOWED[DOWN].read(arguments)) is narrow


@given(st.lists(st.text(alphabet="-=abcdefjopqtu19", max_size=9)), st.sampled_from(Direction))
def test_what_is_passed_on_is_an_allowed_name_with_a_glued_value(
    arguments: list[str], direction: Direction
) -> None:
    try:
        extra = ALLOWED[direction].read(arguments)
    except TransferError:
        return
    for text in (given_.text for given_ in extra):
        assert text.startswith("--")
        assert text.partition("=")[0] not in DANGEROUS  # a canonical name is never "-o"
