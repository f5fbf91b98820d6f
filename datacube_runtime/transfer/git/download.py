"""
A repository from a server into the volume, checked out at a revision.

``<subPath>/<name>`` is cloned when it is not there yet and fetched when it is. A clone gets its
final name when it is whole and checked out; an existing repository keeps what a user did in it.
Submodules come only when asked for, each like a repository of its own.

Source: "Options become environment variables" of the contract.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datacube_api.reasons import Reason
from datacube_runtime.transfer import paths
from datacube_runtime.transfer.exit import TransferError, invalid
from datacube_runtime.transfer.git.args import RECURSE, is_narrow
from datacube_runtime.transfer.git.checkout import FETCHED, Checkout
from datacube_runtime.transfer.git.mark import at_work
from datacube_runtime.transfer.git.refs import (
    Kind,
    Revision,
    check_ref,
    choose,
    patterns,
    read_listing,
)
from datacube_runtime.transfer.git.view import is_repository

if TYPE_CHECKING:
    from pathlib import Path

    from datacube_runtime.transfer.arguments import ExtraArgs
    from datacube_runtime.transfer.git.session import Git
    from datacube_runtime.transfer.git.submodules import Submodule
    from datacube_runtime.transfer.git.view import View
    from datacube_runtime.transfer.request import Request

log = logging.getLogger(__name__)

_ALL_BRANCHES = "+refs/heads/*:refs/remotes/origin/*"


def download(request: Request, git: Git, extra_args: ExtraArgs) -> dict[str, Any]:
    """
    Clone or fetch, check out, and return what is there now.

    :raises TransferError: it did not work; what was in the volume before is still there.
    """
    ref = request.option("ref")
    check_ref(ref)
    directory = paths.target(request.volume, request.sub_path, git.remote.name)
    _refuse_occupied(directory, request.volume)
    revision = choose(read_listing(git.list_refs(*patterns(ref))), ref)
    transfer = _Download(git, extra_args, revision, request.volume.resolve(), directory)
    return {"ref": revision.name, **transfer.run()}


def _refuse_occupied(directory: Path, volume: Path) -> None:
    """Make sure that there is a repository to fetch into, or room for a clone."""
    if not is_repository(directory) and paths.is_occupied(directory):
        shown = directory.relative_to(volume.resolve())
        raise invalid("subPath", f"{shown} is there already and is no Git repository")


def _put_in_place(made: Path, directory: Path) -> None:
    """Give a clone its final name, unless somebody has put something there meanwhile."""
    try:
        made.rename(directory)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        message = (
            f"{directory.name} has been made by another transfer meanwhile: try again, or give "
            "each a subPath of its own"
        )
        raise TransferError(Reason.ENGINE_FAILED, message) from None


@dataclass(frozen=True)
class _Download:
    git: Git
    extra_args: ExtraArgs
    revision: Revision
    volume: Path
    directory: Path

    def run(self) -> dict[str, Any]:
        """Bring the repository up to date, whether it is there yet or not."""
        return self._fetch() if is_repository(self.directory) else self._clone()

    def _clone(self) -> dict[str, Any]:
        log.info("cloning %s (%s)", self.git.remote.url, self.revision.name or "empty")
        with paths.partial(self.directory) as holder:
            made = holder / self.directory.name
            options = (*self._branch(), *self.extra_args.of("clone"))
            args = ("clone", "--no-checkout", "--progress", *options, "--")
            self.git.must_talk(*args, self.git.remote.url, str(made))
            checkout = Checkout(self.git, self.git.view(made, self.volume), self.revision)
            if self.revision.kind is Kind.UNBORN:
                self._refuse_missing_default(checkout)
            else:
                self._complete(checkout)
                checkout.from_scratch()
            result = self._described(checkout)
            _put_in_place(made, self.directory)
        return result

    def _fetch(self) -> dict[str, Any]:
        log.info("fetching %s (%s)", self.git.remote.url, self.revision.name or "empty")
        view = self.git.view(self.directory, self.volume)
        with at_work(self.git, view, self.revision.commit):
            return self._update(Checkout(self.git, view, self.revision))

    def _update(self, checkout: Checkout) -> dict[str, Any]:
        view = checkout.view
        (view.git_dir / "logs").mkdir(exist_ok=True)
        checkout.refuse_to_lose_head()
        local_work = checkout.has_local_work()
        args = ("fetch", "--progress", *self.extra_args.of("fetch"), "origin")
        self.git.must_talk(*args, *self._refspecs(), view=view)
        view.settle()
        self._point_origin(checkout)
        if self.revision.kind is Kind.UNBORN:
            self._refuse_missing_default(checkout)
        else:
            self._complete(checkout)
            checkout.update(local_work=local_work)
        return self._described(checkout)

    def _described(self, checkout: Checkout) -> dict[str, Any]:
        """Bring the submodules, if that is asked for, and return what is there now."""
        result = checkout.describe()
        if RECURSE not in self.extra_args.names or not result["commit"]:
            return result
        parts = [self._bring(part, checkout.view) for part in checkout.submodules()]
        summed = {key: result[key] + sum(part[key] for part in parts) for key in ("files", "bytes")}
        return {**result, **summed, "submodules": len(parts)}

    def _bring(self, part: Submodule, view: View) -> dict[str, Any]:
        """Transfer a submodule into its place, and let the user's Git know of it."""
        place = (view.directory / part.path).relative_to(self.volume)
        try:
            git = replace(self.git, remote=part.remote(self.git.remote))
            directory = paths.target(self.volume, str(place))
            _refuse_occupied(directory, self.volume)
            revision = Revision(Kind.COMMIT, part.commit, part.commit)
            result = _Download(git, self.extra_args, revision, self.volume, directory).run()
        except TransferError as error:
            raise part.blame(error) from error
        section = f"submodule.{part.name}"
        self.git.write_config(
            view, (f"{section}.active", "true"), (f"{section}.url", git.remote.url)
        )
        return result

    def _branch(self) -> tuple[str, ...]:
        """Return what makes a narrow clone bring the revision; it takes branches and tags only."""
        if self.revision.kind in (Kind.BRANCH, Kind.TAG):
            return (f"--branch={self.revision.name}",)
        return ()

    def _refspecs(self) -> tuple[str, ...]:
        """Return what to fetch: all branches, or only what is wanted where that was asked for."""
        name, narrow = self.revision.name, is_narrow(self.extra_args)
        if self.revision.kind is Kind.TAG:
            tag = f"+refs/tags/{name}:refs/tags/{name}"
            return (tag,) if narrow else (_ALL_BRANCHES, tag)
        if narrow and self.revision.kind is Kind.BRANCH:
            return (f"+refs/heads/{name}:refs/remotes/origin/{name}",)
        if narrow and self.revision.is_exact:
            return (self._by_hash(),)
        return (_ALL_BRANCHES,)

    def _by_hash(self) -> str:
        return f"+{self.revision.commit}:{FETCHED}{self.revision.commit}"

    def _complete(self, checkout: Checkout) -> None:
        """
        Bring a commit that no branch brought.

        A whole hash can be asked for. A server that does not give it says so with HTTP status 200,
        so the commit's absence afterwards is what counts. An abbreviated hash is found only among
        what is here: a narrow clone is made whole for it.
        """
        if self.revision.kind is Kind.BRANCH or checkout.has_commit():
            return
        options, wanted = self.extra_args.of("fetch"), self._by_hash()
        if not self.revision.is_exact:
            options, wanted = ("--tags", *checkout.to_the_root()), _ALL_BRANCHES
        args = ("fetch", "--progress", *options, "origin", wanted)
        _, error = self.git.talk(*args, view=checkout.view)
        checkout.view.settle()
        if error and error.reason is not Reason.ENGINE_FAILED:
            raise error

    def _point_origin(self, checkout: Checkout) -> None:
        """
        Let the repository's own ``origin`` be the URL of the request, which holds no credential.

        Source: the contract; a user's Git works on with what a clone would have left.
        """
        config = str(checkout.view.git_dir / "config")
        said = self.git.run("config", "--file", config, "--get-all", "remote.origin.url")
        if said.ok and said.output.strip() == self.git.remote.url:
            return
        log.info("origin is now %s", self.git.remote.url)
        self.git.write_config(
            checkout.view,
            ("remote.origin.url", self.git.remote.url),
            ("remote.origin.fetch", _ALL_BRANCHES),
        )

    def _refuse_missing_default(self, checkout: Checkout) -> None:
        """Tell an empty repository from one whose HEAD leads nowhere."""
        args = ("for-each-ref", "--count=1", "refs/remotes")
        if self.git.must(*args, view=checkout.view):
            message = "the server's default branch does not exist: name a branch in the option ref"
            raise TransferError(Reason.REVISION_NOT_FOUND, message)
