"""
The checksum of a file that another process is still writing.

Hashing is slower than a good network, so it must not begin when the last byte has come. A thread
reads behind the writer, as far as the file has no hole: parts may come in any order. Where the file
system knows no holes it reads zeros for what is to come, and the sum is wrong; a sum that is right
never is so by chance. So only a right one means something, and only if the writer writes every byte
once.

Source: SEEK_HOLE of lseek(2).
"""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datacube_runtime.transfer.s3.sums import Hash

_BLOCK_BYTES = 1024**2
_PAUSE_S = 0.02


class SumBehind:
    """Follows a file from the first byte to the last, while entered."""

    def __init__(self, path: Path, new: Callable[[], Hash]) -> None:
        """Remember the file, which need not be there yet, and what computes the sum."""
        self._path, self._new, self._hash = path, new, new()
        self._written, self._left, self._read = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._written.set()
        self._thread.join()

    def finish(self, check: Callable[[], None]) -> bytes:
        """
        Return the sum of a file that is written to its end; that of nothing if it cannot be read.

        :raises Exception: that of ``check``, which is asked again and again.
        """
        self._written.set()
        while not self._read.wait(5 * _PAUSE_S):
            check()
        return self._hash.digest()

    def _follow(self) -> None:
        try:
            while not (self._path.exists() or self._written.wait(_PAUSE_S)):
                pass
            with self._path.open("rb", buffering=0) as file:
                self._take(file.fileno())
        except OSError:
            self._hash = self._new()
        finally:
            self._read.set()

    def _take(self, file: int) -> None:
        block, done, hole = memoryview(bytearray(_BLOCK_BYTES)), 0, 0
        while not self._left.is_set():
            is_written = self._written.is_set()
            # The writer may be in the midst of the last page before a hole: a block is left to it.
            if not is_written and hole < done + 2 * _BLOCK_BYTES:
                # Seldom, and from where the last one was: the writer has to wait for the answer.
                hole = _first_hole(file, hole)
                if hole < done + 2 * _BLOCK_BYTES:
                    self._written.wait(_PAUSE_S)
                continue
            count = os.preadv(file, [block], done)
            if not count:
                return
            self._hash.update(block[:count])
            done += count


def sum_of(path: Path, new: Callable[[], Hash], check: Callable[[], None]) -> bytes:
    """
    Return the sum of a file that nobody writes any more.

    :raises Exception: that of ``check``.
    """
    with SumBehind(path, new) as reader:
        return reader.finish(check)


def _first_hole(file: int, start: int) -> int:
    """Return where the first hole begins, at the latest behind the end."""
    try:
        return os.lseek(file, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno != errno.ENXIO:  # the start is not written yet
            raise
        return start
