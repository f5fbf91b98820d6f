"""
One file of a commit, as huggingface_hub wants it, that says how far it is: hashed, and then sent.

Runs in the process that talks to the hub. Without xet the library needs the hash of a large file
before it can send it; with xet the file is hashed while it is sent. Either way that is done once.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from huggingface_hub import CommitOperationAdd
from huggingface_hub.lfs import UploadInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.transfer.huggingface.report import Share, Tally

_BLOCK_BYTES = 1024 * 1024


class Addition(CommitOperationAdd):
    """A file of the commit that counts what is read of it to be hashed, and to be sent."""

    share: Share

    @classmethod
    def of(cls, file: Mapping[str, Any], unhashed: Tally, share: Share) -> Addition:
        """Return a file of the plan that counts into the two."""
        made = cls(path_in_repo=file["path"], path_or_fileobj=file["local"])
        made.share = share
        made.upload_info = _Info(file["local"], made.upload_info, unhashed)
        return made

    def take_hash(self, other: Addition) -> None:
        """Be spared what another knows of the same file already."""
        if other.upload_info.is_hashed:
            self.upload_info.sha256 = other.upload_info.sha256

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:  # noqa: FBT001, FBT002 - its signature
        """Yield the file; with ``with_tqdm`` the library means: to be sent."""
        if not with_tqdm:
            with super().as_file() as file:
                yield file
            return
        with _Counted(str(self.path_or_fileobj), self.share) as counted:
            yield cast("BinaryIO", counted)

    def b64content(self) -> bytes:
        """Return the content of a small file, which travels in the commit itself."""
        content = super().b64content()
        self.share.reach(self.upload_info.size)
        return content


class _Info(UploadInfo):
    """What the library has to know of a file; the hash is made when it asks for it first."""

    def __init__(self, path: str, known: UploadInfo, tally: Tally) -> None:
        super().__init__(known.size, known.sample, source_path=path)
        self._path, self._tally = path, tally

    @property
    def sha256(self) -> bytes:
        """Return the hash."""
        if self._sha256 is None:
            self._sha256 = self._hash()
        return self._sha256

    @sha256.setter
    def sha256(self, value: bytes) -> None:
        self._sha256 = value

    def _hash(self) -> bytes:
        digest, share = hashlib.sha256(usedforsecurity=False), self._tally.share(self.size)
        with io.FileIO(self._path) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                share.add(len(block))
        share.complete()
        return digest.digest()


class _Counted(io.FileIO):
    def __init__(self, path: str, share: Share) -> None:
        super().__init__(path, "rb")
        self._share = share

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size) or b""
        self._share.reach(self.tell())
        return block
