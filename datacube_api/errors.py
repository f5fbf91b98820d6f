"""
What may go wrong, as a tree.

::

    DataCubeError                     retryable = False
    ├── DataCubeSpecError             the manifest breaks a rule; nothing was sent (a ValueError)
    ├── DataCubeApiError              the API server refused, or did not answer
    │   ├── DataCubeNotFoundError     404
    │   ├── DataCubeForbiddenError    401, 403
    │   ├── DataCubeConflictError     409
    │   ├── DataCubeRejectedError     422
    │   └── DataCubeUnavailableError  429, 5xx, no answer; retryable = True
    ├── DataCubeFailedError           the transfer ran and failed for good
    ├── DataCubeGoneError             it was deleted, or the name is another's now
    └── DataCubeTimeoutError          it did not end in time (a TimeoutError)

A message says which DataCube, what happened and what to do. It never holds the value of an option:
that may be a secret. Errors of the Kubernetes clients are translated at one border and stay
reachable as ``__cause__``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datacube_api.reference import CubeRef
    from datacube_api.status import Outcome


class DataCubeError(Exception):
    """Root of all errors of this project."""

    retryable = False
    """Whether the same call may succeed later without anybody changing anything."""

    hint = ""
    """What is known beside it, and the mend: said by whoever looked after it was raised."""

    def __str__(self) -> str:
        return "; ".join(filter(None, (super().__str__(), self.hint)))


class DataCubeSpecError(DataCubeError, ValueError):
    """
    The manifest breaks a rule of the contract; nothing was sent.

    ``problems`` are the single sentences, each opening with the field's path
    (``spec.source.options[0].value: …``).
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class DataCubeApiError(DataCubeError):
    """The API server refused the request; ``status`` is the HTTP status, 0 without an answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class DataCubeNotFoundError(DataCubeApiError):
    """The object, or the custom resource itself, is not there."""


class DataCubeForbiddenError(DataCubeApiError):
    """The credentials are missing, wrong, or may not do this."""


class DataCubeConflictError(DataCubeApiError):
    """The name is taken, or the object changed since it was read."""


class DataCubeRejectedError(DataCubeApiError):
    """The API server found the object invalid."""


class DataCubeUnavailableError(DataCubeApiError):
    """The API server could not be reached or is overloaded: try again later."""

    retryable = True


class DataCubeFailedError(DataCubeError):
    """
    The transfer ran and failed for good, retries included.

    ``reason`` is the CamelCase word of the Failed condition, fit for a branch; ``str(error)`` is
    for people. ``is_log_shown``: they have seen its pod's log already.
    """

    def __init__(self, ref: CubeRef, outcome: Outcome, *, is_log_shown: bool = False) -> None:
        super().__init__(f"DataCube {ref} failed: {outcome.why or 'the status gives no reason'}")
        self.ref, self.outcome = ref, outcome
        self.reason, self.pod = outcome.reason, outcome.pod
        self.is_log_shown = is_log_shown


class DataCubeGoneError(DataCubeError):
    """
    The DataCube was deleted, or its name belongs to another one now (the uid differs).

    ``pod`` is the name of the pod that it had last, where that was seen.
    """

    def __init__(self, ref: CubeRef, pod: str = "") -> None:
        super().__init__(
            f"DataCube {ref} is gone: it was deleted, or deleted and made anew, while it was "
            "waited for; the next try of the task, or clearing it, starts a new transfer"
        )
        self.ref, self.pod = ref, pod


class DataCubeTimeoutError(DataCubeError, TimeoutError):
    """The DataCube did not end in the time it was given."""

    def __init__(self, ref: CubeRef, timeout_s: float) -> None:
        super().__init__(f"DataCube {ref} did not end within {timeout_s:g} seconds")
        self.ref, self.timeout_s = ref, timeout_s
