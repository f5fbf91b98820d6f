"""
Which revision is meant: the author's ``ref`` against what the server lists. Pure.

The server is asked once, before anything is transferred: an unknown ref is then known at once, and
branch, tag and commit are told apart by facts instead of by trying.

Source: the output of ``git ls-remote --symref``, git-ls-remote(1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_REF = "master"
"""The contract's documented default."""

_HEADS, _TAGS, _PEELED = "refs/heads/", "refs/tags/", "^{}"
_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")
_FULL_LENGTHS = (40, 64)  # SHA-1, SHA-256


class Kind(Enum):
    """What a ref turned out to be; it decides what is checked out."""

    BRANCH = auto()
    TAG = auto()
    COMMIT = auto()
    UNBORN = auto()
    """The repository has no commit yet."""


@dataclass(frozen=True)
class Revision:
    """What to check out. ``commit`` is a whole hash, or as much of one as the author wrote."""

    kind: Kind
    name: str
    commit: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether ``commit`` is a whole hash, which a server can be asked for."""
        return len(self.commit) in _FULL_LENGTHS


@dataclass(frozen=True)
class Listing:
    """What the server has: full ref names to hashes, and the branch that HEAD stands for."""

    refs: Mapping[str, str] = field(default_factory=dict)
    head: str = ""

    def commit_of(self, name: str) -> str:
        """Return the hash of a ref; of an annotated tag, what it points at."""
        return self.refs.get(name + _PEELED) or self.refs[name]


def check_ref(ref: str) -> None:
    """
    Refuse what cannot be a ref before anybody is asked.

    :raises TransferError: InvalidOption.
    """
    if ref.startswith("-"):
        raise invalid("ref", "must not start with '-'")
    if not ref.isprintable() or " " in ref:
        raise invalid("ref", "must not hold white space or control characters")


def patterns(ref: str) -> tuple[str, ...]:
    """Return what to ask the server for; globs in ``ref`` list more, and ``choose`` is exact."""
    wanted = [name for _, name in _candidates(ref or DEFAULT_REF)]
    return ("HEAD", *wanted, *(name + _PEELED for name in wanted))


def read_listing(output: str) -> Listing:
    """Read ``git ls-remote --symref``."""
    refs: dict[str, str] = {}
    head = ""
    for line in output.splitlines():
        value, _, name = line.partition("\t")
        if not value.startswith("ref: "):
            refs[name] = value
        elif name == "HEAD":
            head = value.removeprefix("ref: ")
    return Listing(refs, head)


def choose(listing: Listing, ref: str) -> Revision:
    """
    Return what ``ref`` means; a branch goes before a tag, a tag before a commit.

    Without ``ref`` it is ``master``, and where there is no such branch the server's own default.

    :raises TransferError: RevisionNotFound.
    """
    for kind, name in _candidates(ref or DEFAULT_REF):
        if name in listing.refs:
            return Revision(
                kind, name.removeprefix(_HEADS).removeprefix(_TAGS), listing.commit_of(name)
            )
    if not ref or ref == "HEAD":
        return _default(listing)
    if _COMMIT.fullmatch(ref):
        return Revision(Kind.COMMIT, ref, ref.lower())
    raise not_found(ref)


def not_found(ref: str) -> TransferError:
    """Return the error of a ref that the server does not have."""
    message = f"ref: the repository has no branch, tag or commit {ref!r}"
    return TransferError(Reason.REVISION_NOT_FOUND, message)


def _candidates(ref: str) -> tuple[tuple[Kind, str], ...]:
    if ref.startswith(_HEADS):
        return ((Kind.BRANCH, ref),)
    if ref.startswith(_TAGS):
        return ((Kind.TAG, ref),)
    if ref.startswith("refs/"):  # such as refs/pull/1/head
        return ((Kind.COMMIT, ref),)
    return ((Kind.BRANCH, _HEADS + ref), (Kind.TAG, _TAGS + ref))


def _default(listing: Listing) -> Revision:
    if "HEAD" not in listing.refs:
        return Revision(Kind.UNBORN, "")
    if listing.head.startswith(_HEADS):
        name = listing.head.removeprefix(_HEADS)
        return Revision(Kind.BRANCH, name, listing.commit_of("HEAD"))
    return Revision(Kind.COMMIT, "HEAD", listing.commit_of("HEAD"))
