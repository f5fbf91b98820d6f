"""Why a container cannot be made: the one error that all of its parts raise."""

from __future__ import annotations


class ContainerConfigError(Exception):
    """
    The container cannot be made yet; it is tried again when something changes.

    ``reason`` is what the container waits with, the text is the kubelet's.
    """

    def __init__(self, message: str, reason: str = "CreateContainerConfigError") -> None:
        super().__init__(message)
        self.reason = reason
