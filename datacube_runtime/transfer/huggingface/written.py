"""
A file that is hashed while it is written, so that nobody has to read it again to verify it.

A large block is hashed by another thread while this one writes it and waits for the next: hashlib
and the system calls let go of the interpreter's lock. So verifying costs processor time, but hardly
any time on a machine with a second processor.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from hashlib import _Hash
    from pathlib import Path

_ALONE_BYTES = 256 * 1024
"""From here on a block is worth a thread of its own."""


class Written(io.FileIO):
    """A new file, written from its beginning; it may be truncated to nothing and begun again."""

    def __init__(self, path: Path, make_digest: Callable[[], _Hash]) -> None:
        super().__init__(path, "wb")
        self._make_digest, self._digest = make_digest, make_digest()
        self._hasher = ThreadPoolExecutor(1)  # has no thread until it is asked
        self._hashing: Future[None] | None = None

    @property
    def oid(self) -> str:
        """Return the hash of what is written."""
        self._wait()
        return self._digest.hexdigest()

    def write(self, block: Any) -> int:
        """Write all of the block; a file without a buffer may take a part of it at a time."""
        self._wait()
        if len(block) < _ALONE_BYTES:
            self._digest.update(block)
        else:
            self._hashing = self._hasher.submit(self._digest.update, block)
        left = memoryview(block)
        while left:
            left = left[super().write(left) :]
        return len(block)

    def truncate(self, size: int | None = None) -> int:
        """Begin again."""
        self._wait()
        self._digest = self._make_digest()
        return super().truncate(size)

    def close(self) -> None:
        """Close it; a hash that is not finished is wanted by nobody."""
        self._hasher.shutdown(wait=False)
        super().close()

    def _wait(self) -> None:
        if self._hashing:
            self._hashing.result()
            self._hashing = None
