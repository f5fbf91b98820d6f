"""
What went wrong with this machine, in the words of somebody who has to do something about it.

Pure: it is given an error and says a sentence, or nothing where the error is not one of these. A
programming mistake is none of them and keeps its traceback.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from datacube_runtime.local.instances import DataDirectoryError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def sentence_of(error: BaseException, directory: Path, port: int) -> str | None:
    """Return what to tell the user; None where only a traceback helps."""
    if isinstance(error, DataDirectoryError):
        return str(error)
    if isinstance(error, sqlite3.Error):
        return f"the state in {directory / 'state.db'} cannot be used: {error}"
    if isinstance(error, OSError):
        return _of_the_system(error, directory, port)
    return None


def _of_the_system(error: OSError, directory: Path, port: int) -> str | None:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: say another --port, or none and get a free one"
    if error.errno in _FULL:
        return f"there is no space left on the disk of {directory}"
    if error.errno in _CLOSED and error.filename is None:
        return f"port {port} may not be used by you: choose one from 1024 on"
    if error.errno in _CLOSED:
        return f"{error.filename} is not writable for you: choose another --data-dir"
    return None
