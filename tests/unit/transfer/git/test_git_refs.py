from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.transfer.git.refs import (
    Kind,
    Listing,
    check_ref,
    choose,
    patterns,
    read_listing,
)

A, B, C = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def listing() -> Listing:
    return Listing(
        {
            "HEAD": A,
            "refs/heads/main": A,
            "refs/heads/both": A,
            "refs/tags/both": B,
            "refs/tags/v1": B,
            "refs/tags/v1^{}": C,
            "refs/heads/abcdef": B,
            "refs/pull/1/head": C,
        },
        "refs/heads/main",
    )


@pytest.mark.parametrize(
    ("ref", "kind", "name", "commit"),
    [
        ("main", Kind.BRANCH, "main", A),
        ("refs/heads/main", Kind.BRANCH, "main", A),
        ("both", Kind.BRANCH, "both", A),
        ("refs/tags/both", Kind.TAG, "both", B),
        ("v1", Kind.TAG, "v1", C),
        ("abcdef", Kind.BRANCH, "abcdef", B),
        ("refs/pull/1/head", Kind.COMMIT, "refs/pull/1/head", C),
        ("ABCDEF0", Kind.COMMIT, "ABCDEF0", "abcdef0"),
        (C, Kind.COMMIT, C, C),
        ("", Kind.BRANCH, "main", A),
        ("HEAD", Kind.BRANCH, "main", A),
    ],
)
def test_a_ref_means(listing: Listing, ref: str, kind: Kind, name: str, commit: str) -> None:
    revision = choose(listing, ref)
    assert (revision.kind, revision.name, revision.commit) == (kind, name, commit)


def test_without_a_ref_master_goes_before_the_servers_default(listing: Listing) -> None:
    with_master = Listing({**listing.refs, "refs/heads/master": B}, listing.head)
    assert choose(with_master, "").name == "master"


def test_a_head_that_is_no_branch_is_a_commit() -> None:
    revision = choose(Listing({"HEAD": A}), "")
    assert (revision.kind, revision.commit) == (Kind.COMMIT, A)


def test_where_nothing_is_there_is_no_revision() -> None:
    assert choose(Listing(), "").kind is Kind.UNBORN


@pytest.mark.parametrize("ref", ["nope", "abc", "refs/heads/nope", "refs/notes/x", "g" * 40, "m*"])
def test_what_is_not_listed_and_no_hash_is_not_found(
    listing: Listing, ref: str, refusal: Any
) -> None:
    reason, message = refusal(choose, listing, ref)
    assert reason == "RevisionNotFound"
    assert repr(ref) in message


@pytest.mark.parametrize(("commit", "exact"), [(A, True), ("a" * 64, True), ("a" * 39, False)])
def test_only_a_whole_hash_can_be_asked_for(commit: str, exact: bool) -> None:  # noqa: FBT001 - the expectation
    assert choose(Listing(), commit).is_exact is exact


def test_the_listing_of_git_is_read() -> None:
    output = f"ref: refs/heads/x/y\tHEAD\n{A}\tHEAD\n{B}\trefs/tags/v1\n{C}\trefs/tags/v1^{{}}\n"
    listing = read_listing(output)
    assert listing.head == "refs/heads/x/y"
    assert listing.refs == {"HEAD": A, "refs/tags/v1": B, "refs/tags/v1^{}": C}


def test_only_what_may_be_meant_is_asked_for() -> None:
    assert patterns("v1") == (
        "HEAD", "refs/heads/v1", "refs/tags/v1", "refs/heads/v1^{}", "refs/tags/v1^{}",
    )  # fmt: skip
    assert "refs/heads/master" in patterns("")


@pytest.mark.parametrize("ref", ["-x", "--upload-pack=id", "a b", "a\tb", "a\nb"])
def test_what_cannot_be_a_ref_is_refused(ref: str, refusal: Any) -> None:
    reason, message = refusal(check_ref, ref)
    assert reason == "InvalidOption"
    assert message.startswith("ref: ")
