"""
The checksums that S3 keeps of an object: which there are, and how each is computed. Pure.

Of an object that came in parts some are sums of the parts' sums (``<sum>-<number of parts>``), and
so is its ETag; these can be computed by who knows how long the parts are. CRC-64/NVME costs next to
nothing (0.02 s of a processor a GiB; MD5 1.2 s), and AWS computes it of every new object.

Source: "Checking object integrity in Amazon S3" of the S3 user guide, for composite sums and for
what an ETag is; ``md5chksum`` of https://rclone.org/s3/#hashes.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from awscrt import checksums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OURS = "x-amz-meta-datacube-crc64nvme"
"""Where an upload of ours leaves the sum of a large file, for services that compute none."""

_MD5_OF_RCLONE = "x-amz-meta-md5chksum"
_ETAG = re.compile(r'"?([0-9a-f]{32})(?:-(\d+))?"?')
_IN_PARTS = re.compile(r"(.+)-(\d+)")
_ENCRYPTION = "x-amz-server-side-encryption"


class Hash(Protocol):
    """Computes one sum, as those of ``hashlib`` do."""

    def update(self, data: memoryview, /) -> None:
        """Take the bytes that follow."""

    def digest(self) -> bytes:
        """Return the sum of what was taken."""


class _Crc:
    def __init__(self, compute: Callable[[memoryview, int], int], size: int) -> None:
        self._compute, self._size, self._sum = compute, size, 0

    def update(self, data: memoryview, /) -> None:
        self._sum = self._compute(data, self._sum)

    def digest(self) -> bytes:
        return self._sum.to_bytes(self._size, "big")


class _InParts:
    """The sum of the parts' sums."""

    def __init__(self, new: Callable[[], Hash], part_bytes: int) -> None:
        self._new, self._part_bytes = new, part_bytes
        self._whole, self._part, self._left = new(), new(), part_bytes

    def update(self, data: memoryview, /) -> None:
        while data:
            taken = data[: self._left]
            self._part.update(taken)
            self._left -= len(taken)
            data = data[len(taken) :]
            if not self._left:
                self._end_part()

    def digest(self) -> bytes:
        if self._left < self._part_bytes:
            self._end_part()
        return self._whole.digest()

    def _end_part(self) -> None:
        self._whole.update(memoryview(self._part.digest()))
        self._part, self._left = self._new(), self._part_bytes


_CRC64NVME, _MD5 = "crc64nvme", "md5"
_HASHES: Mapping[str, Callable[[], Hash]] = {
    _CRC64NVME: partial(_Crc, checksums.crc64nvme, 8),
    "crc32c": partial(_Crc, checksums.crc32c, 4),
    "crc32": partial(_Crc, checksums.crc32, 4),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    _MD5: partial(hashlib.md5, usedforsecurity=False),
}
"""By what they cost, the cheapest first."""

_LEFT = {_CRC64NVME: OURS, _MD5: _MD5_OF_RCLONE}
"""What an uploader may have left with an object."""


@dataclass(frozen=True)
class Sum:
    """
    What a checksum of an object is.

    ``parts`` is how many sums it is made of, and ``part_bytes`` how long each but the last is; 0
    where it is the sum of the whole. ``is_declared``: it is called a checksum, so that other bytes
    are wrong bytes; what an ETag is the service need not say.
    """

    algorithm: str
    digest: bytes
    parts: int = 0
    part_bytes: int = 0
    is_declared: bool = True

    def hash(self) -> Hash:
        """Return what computes such a sum."""
        new = _HASHES[self.algorithm]
        return _InParts(new, self.part_bytes) if self.parts else new()


def known(headers: Mapping[str, str]) -> Iterator[Sum]:
    """
    Yield what the answer to a HEAD says, the cheapest first; of parts it does not know the length.

    :param headers: by their names in small letters
    """
    for algorithm in _HASHES:
        for name in (f"x-amz-checksum-{algorithm}", _LEFT.get(algorithm, "")):
            if found := _declared(algorithm, headers.get(name, "")):
                yield found
    if etag := _of_etag(headers):
        yield etag


def has_md5(headers: Mapping[str, str]) -> bool:
    """Tell whether rclone knows an MD5 of the whole object, and therefore compares it."""
    etag = _of_etag(headers)
    return _MD5_OF_RCLONE in headers or (etag is not None and not etag.parts)


def crc64nvme() -> Hash:
    """Return what computes the cheapest sum."""
    return _HASHES[_CRC64NVME]()


def as_header(digest: bytes) -> str:
    """Return the header that leaves a CRC-64/NVME with an object."""
    return f"{OURS}: {b64encode(digest).decode()}"


def _declared(algorithm: str, text: str) -> Sum | None:
    in_parts = _IN_PARTS.fullmatch(text)
    try:
        digest = b64decode(in_parts[1] if in_parts else text, validate=True)
    except NotBase64:
        return None
    return Sum(algorithm, digest, int(in_parts[2]) if in_parts else 0) if digest else None


def _of_etag(headers: Mapping[str, str]) -> Sum | None:
    """Return the MD5 that an ETag is, unless the service encrypts by keys of its own."""
    etag = _ETAG.fullmatch(headers.get("etag", ""))
    is_own = headers.get(_ENCRYPTION, "AES256") == "AES256"
    if not etag or not is_own or f"{_ENCRYPTION}-customer-algorithm" in headers:
        return None
    return Sum(_MD5, bytes.fromhex(etag[1]), int(etag[2] or 0), is_declared=False)
