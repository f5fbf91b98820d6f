"""
How a transfer ends: one reason, one sentence, one exit code, written where the kubelet reads it.

The exit codes are those of sysexits, so that a shell, a Job's podFailurePolicy and a person can
tell "try again" (75) from "change something first" without reading a message.

Source: sysexits(3); "The transfer container" of the contract between controller and transfer.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from datacube_api.reasons import Reason
from datacube_api.termination import Termination

if TYPE_CHECKING:
    from pathlib import Path

EXIT_CODES = {
    Reason.TRANSFER_SUCCEEDED: 0,
    Reason.INVALID_OPTION: os.EX_USAGE,
    Reason.LOCAL_CHANGES: os.EX_DATAERR,
    Reason.PUSH_REJECTED: os.EX_DATAERR,
    Reason.NOTHING_TO_UPLOAD: os.EX_DATAERR,
    Reason.SOURCE_NOT_FOUND: os.EX_NOINPUT,
    Reason.REVISION_NOT_FOUND: os.EX_NOINPUT,
    Reason.UNSUPPORTED: os.EX_UNAVAILABLE,
    Reason.ENGINE_FAILED: os.EX_SOFTWARE,
    Reason.NO_SPACE_LEFT: os.EX_CANTCREAT,
    Reason.NETWORK_ERROR: os.EX_TEMPFAIL,
    Reason.VERIFICATION_FAILED: os.EX_IOERR,
    Reason.AUTHENTICATION_FAILED: os.EX_NOPERM,
    Reason.PERMISSION_DENIED: os.EX_NOPERM,
    Reason.CANCELLED: 128 + 15,  # what a shell says of a process that SIGTERM ended
}

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the kernel answers where the volume, or the share of it, is full."""


class TransferError(Exception):
    """
    The transfer cannot go on.

    ``reason`` is for programs; ``str(error)`` says to people what happened and what to do. It
    never holds a credential: what an engine said has passed the redactor before it comes here.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    @classmethod
    def of(cls, error: OSError) -> TransferError:
        """Say what the operating system refused."""
        reason = Reason.NO_SPACE_LEFT if error.errno in FULL else Reason.ENGINE_FAILED
        return cls(reason, f"{error.strerror}: {error.filename}")

    def to_termination(self) -> Termination:
        """Return the last words."""
        return Termination(self.reason, str(self))


def invalid(field: str, problem: str) -> TransferError:
    """Return the error of an option or argument, which opens with its name."""
    return TransferError(Reason.INVALID_OPTION, f"{field}: {problem}")


def write_termination(path: Path, termination: Termination) -> None:
    """
    Write the last words in one piece.

    Not by renaming: in a pod the path is a file that the kubelet has mounted, which cannot be
    replaced. One write of at most 4096 bytes is as close to all-or-nothing as it gets.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.write(handle, termination.to_json().encode())
    finally:
        os.close(handle)
