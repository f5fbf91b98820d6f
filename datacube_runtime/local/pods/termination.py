"""
The last words of a container: what it wrote to its termination log, else the end of its output.

The file belongs to the process, which may have put anything in its place: only a regular file is
read, no link is followed, and never more than Kubernetes would keep.

Source: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MESSAGE_BYTES = 4096
_LOG_BYTES, _LOG_LINES = 2048, 80


def termination_message(
    container: Mapping[str, Any], exit_code: int, termination_log: Path, log: Path
) -> str:
    """
    Return the container's termination message.

    With ``FallbackToLogsOnError`` the end of the output stands in for a message that a container
    which failed did not write.
    """
    message = _tail(termination_log, _MESSAGE_BYTES)
    falls_back = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
    if message or not exit_code or not falls_back:
        return message
    return "".join(_tail(log, _LOG_BYTES).splitlines(keepends=True)[-_LOG_LINES:])


def _tail(path: Path, limit: int) -> str:
    """Return the last bytes of a file as text; a letter that was cut is dropped."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return ""
        file.seek(max(0, found.st_size - limit))
        return file.read(limit).decode(errors="ignore")
