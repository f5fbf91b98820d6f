"""
What is at the source of a download: an object, what is below a prefix, nothing, or not even that.

S3 knows no directories: a prefix without objects looks like one that was never there, and rclone
takes both for an empty directory and ends well. So the source is looked at before anything moves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_runtime.transfer.exit import TransferError
from datacube_runtime.transfer.s3.args import LIST
from datacube_runtime.transfer.s3.failure import last_answer, missing
from datacube_runtime.transfer.s3.rclone import remote
from datacube_runtime.transfer.s3.tuning import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacube_runtime.transfer.s3.heads import Head, Heads
    from datacube_runtime.transfer.s3.rclone import Rclone
    from datacube_runtime.transfer.s3.uri import Uri


@dataclass(frozen=True)
class Source:
    """What will be transferred: sizes in bytes by path; of an object maybe what S3 says of it."""

    is_object: bool
    sizes: dict[str, int]
    head: Head | None = None

    @property
    def load(self) -> Load:
        """How much that is."""
        return Load.of(self.sizes.values())

    def uri_of(self, path: str, uri: Uri) -> Uri:
        """Return where an object is, if this was found at ``uri``."""
        return uri if self.is_object else uri.below(path)


def look(rclone: Rclone, heads: Heads) -> Source:
    """
    Look at the source.

    :raises TransferError: SourceNotFound, or what S3 said.
    """
    uri = rclone.uri
    if uri.may_be_object and (found := _object(rclone, heads)):
        return found
    finished = rclone.list(remote(uri), "--s3-no-head-object", *rclone.extra_args.of(LIST))
    if not finished.ok:
        raise rclone.failure("lsjson", finished)
    sizes = dict(read_listing(finished.output))
    if not sizes and not _is_there(rclone, uri):
        what = "no object" if uri.ends_in_slash else "neither an object of this name nor one"
        raise missing(uri, f"there is {what} below it in the bucket {uri.bucket!r}")
    return Source(is_object=False, sizes=sizes)


def read_listing(output: str) -> Iterator[tuple[str, int]]:
    """
    Yield path and size of ``rclone lsjson``, line by line: a listing may be long.

    Source: "each item is on its own line" of https://rclone.org/commands/rclone_lsjson/.
    """
    for line in output.splitlines():
        if line.startswith("{"):
            entry = json.loads(line.removesuffix(","))
            yield entry["Path"], entry["Size"]


def _object(rclone: Rclone, heads: Heads) -> Source | None:
    """Return the object; a refusal is left to the listing, whose answer has a code."""
    if head := heads.of(rclone.uri):
        return Source(is_object=True, sizes={rclone.uri.name: head.size}, head=head)
    finished = rclone.stat(rclone.uri)
    if not finished.ok:
        answer = last_answer(finished.tail)
        if answer and answer.is_silence:
            raise rclone.failure("lsjson", finished)
        return None
    entry = json.loads(finished.output)
    return Source(is_object=True, sizes={entry["Name"]: entry["Size"]}) if entry else None


def _is_there(rclone: Rclone, uri: Uri) -> bool:
    """
    Tell an empty prefix from a missing one.

    A bucket that can be listed is there. An empty prefix is there where an object of size 0 marks
    it (``path/``), which rclone shows only from above. Filters of the author may empty it, too.
    """
    if not uri.key:
        return True
    if rclone.extra_args.of(LIST) and any(read_listing(rclone.list(remote(uri)).output)):
        return True
    above = rclone.ask("lsf", "--dirs-only", "--s3-no-head-object", remote(uri.parent))
    return f"{uri.name}/" in above.output.splitlines()


def refuse_to_empty(uri: Uri, source: Source) -> None:
    """
    Check that ``sync`` has something to be equal to.

    :raises TransferError: SourceNotFound.
    """
    if not source.sizes:
        message = f"s3-uri {uri}: is empty; sync would delete all that is in the volume's directory"
        raise TransferError(Reason.SOURCE_NOT_FOUND, message)
