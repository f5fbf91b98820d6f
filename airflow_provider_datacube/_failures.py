"""
Which failures a retry of the task cannot mend: the one place that speaks Airflow's exceptions.

Everything that is not listed stays as it is raised, and Airflow retries it as the task says.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from airflow_provider_datacube._compat import AirflowFailException
from datacube_api.errors import (
    DataCubeConflictError,
    DataCubeError,
    DataCubeFailedError,
    DataCubeForbiddenError,
    DataCubeRejectedError,
    DataCubeSpecError,
)
from datacube_api.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

FINAL_REASONS: Final = frozenset(
    {
        # Somebody has to change the task, its credentials or the other side first.
        Reason.INVALID_SPEC,
        Reason.INVALID_SETTINGS,
        Reason.INVALID_OPTION,
        Reason.UNSUPPORTED,
        Reason.AUTHENTICATION_FAILED,
        Reason.PERMISSION_DENIED,
        Reason.SOURCE_NOT_FOUND,
        Reason.REVISION_NOT_FOUND,
        # The same volume against the same remote gives the same answer.
        Reason.LOCAL_CHANGES,
        Reason.NOTHING_TO_UPLOAD,
        Reason.PUSH_REJECTED,
    }
)
"""
Reasons of a failed transfer that the next try would meet again.

Not among them, since time may help: NetworkError, NoSpaceLeft, DeadlineExceeded, VolumeNotFound
(the claim may be on its way), PodFailed, JobLost, JobNotOurs (a retry has a new name),
VerificationFailed, EngineFailed, BackoffLimitExceeded, and every word of another platform's
controller.
"""

_FINAL_ERRORS = (
    DataCubeSpecError,  # the same arguments break the same rule
    DataCubeForbiddenError,
    DataCubeRejectedError,
    DataCubeConflictError,  # the name is somebody else's
)


def is_final(error: DataCubeError) -> bool:
    """Tell whether a retry would fail the same way."""
    if isinstance(error, DataCubeFailedError):
        return error.reason in FINAL_REASONS
    return isinstance(error, _FINAL_ERRORS)


class DataCubeFinalError(AirflowFailException):
    """
    A failure that Airflow must not retry; ``error`` is what happened, in the same words.

    It stands in the place of ``error`` and not above it: Airflow prints the causes of an error too,
    and would say the same twice.
    """

    def __init__(self, error: DataCubeError) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def no_useless_retries() -> Iterator[None]:
    """
    Let Airflow retry only what a retry can mend.

    :raises DataCubeFinalError: an ``AirflowFailException``, instead of an error that is final.
    """
    try:
        yield
    except DataCubeError as error:
        if is_final(error):
            raise DataCubeFinalError(error) from error.__cause__
        raise
