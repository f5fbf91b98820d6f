"""
The option ``s3-uri`` taken apart. Pure.

Nothing is decoded: a key may hold spaces, ``+``, ``%`` and ``?`` and they stand for themselves. A
``/`` at the end says "what is below"; without it the URI is the object of that very name where
there is one, else what is below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from datacube_runtime.transfer.exit import invalid

_SCHEME = "s3://"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_NO_PARTS = frozenset({"", ".", ".."})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Uri:
    """A bucket, a prefix of it, or an object in it; ``key`` is without the last ``/``."""

    bucket: str
    key: str = ""
    ends_in_slash: bool = False

    def __str__(self) -> str:
        """Return it as it was written."""
        path = f"/{self.key}" if self.key else ""
        return f"{_SCHEME}{self.bucket}{path}{'/' if self.ends_in_slash else ''}"

    @property
    def may_be_object(self) -> bool:
        """Whether an object may have this very name."""
        return bool(self.key) and not self.ends_in_slash

    @property
    def path(self) -> str:
        """Bucket and key, as rclone has them: the ``/`` at the end says that it is no object."""
        return str(self).removeprefix(_SCHEME)

    @property
    def parent(self) -> Uri:
        """The prefix, or bucket, that this is directly in."""
        return Uri(self.bucket, self.key.rpartition("/")[0], ends_in_slash=True)

    def below(self, path: str) -> Uri:
        """Return the object at a path below this."""
        return Uri(self.bucket, f"{self.key}/{path}".lstrip("/"))

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]


def read_uri(text: str) -> Uri:
    """
    Take a URI apart.

    :raises TransferError: InvalidOption, with what such a URI looks like.
    """
    if not text:
        raise invalid("s3-uri", "is missing: write s3://bucket/path")
    bucket, slash, rest = text.removeprefix(_SCHEME).partition("/")
    if not text.startswith(_SCHEME) or not _BUCKET.fullmatch(bucket):
        raise invalid("s3-uri", "must be s3://bucket, s3://bucket/path or s3://bucket/path/")
    key = rest.removesuffix("/")
    if rest == "/" or (key and not _NO_PARTS.isdisjoint(key.split("/"))):
        raise invalid("s3-uri", "has an empty, '.' or '..' part, which no directory can have")
    if _CONTROL.search(key):
        raise invalid("s3-uri", "holds a control character")
    return Uri(bucket, key, ends_in_slash=bool(slash) and text.endswith("/"))
