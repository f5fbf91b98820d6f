from __future__ import annotations

import traceback

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_datacube._failures import (
    FINAL_REASONS,
    DataCubeFinalError,
    no_useless_retries,
)
from datacube_api import errors
from datacube_api.reasons import Reason
from datacube_api.reference import CubeRef
from datacube_api.status import Outcome, Phase

REF = CubeRef("ml", "weights", "u-1")


def failed(reason: str) -> errors.DataCubeFailedError:
    return errors.DataCubeFailedError(REF, Outcome(Phase.FAILED, reason, "why"))


@pytest.mark.parametrize(
    "error",
    [
        errors.DataCubeSpecError(("spec: is missing",)),
        errors.DataCubeForbiddenError("may not", 403),
        errors.DataCubeRejectedError("bad", 422),
        errors.DataCubeConflictError("taken", 409),
        *(failed(reason) for reason in sorted(FINAL_REASONS)),
    ],
)
def test_what_a_retry_cannot_mend_is_not_retried(error: errors.DataCubeError) -> None:
    with pytest.raises(AirflowFailException) as caught, no_useless_retries():
        raise error
    assert isinstance(caught.value, DataCubeFinalError)
    assert (str(caught.value), caught.value.error) == (str(error), error)


def test_the_same_is_not_said_twice_but_what_is_behind_it_is() -> None:
    error = errors.DataCubeForbiddenError("may not", 403)
    with pytest.raises(AirflowFailException) as caught, no_useless_retries():
        raise error from ConnectionError()
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("may not") == 1
    assert "ConnectionError" in shown


@pytest.mark.parametrize(
    "error",
    [
        errors.DataCubeUnavailableError("later", 503),
        errors.DataCubeGoneError(REF),
        errors.DataCubeTimeoutError(REF, 5),
        *(failed(reason) for reason in sorted(set(Reason) - FINAL_REASONS)),
        failed("WordOfAnotherPlatform"),
        failed(""),
    ],
)
def test_what_time_may_mend_is_retried(error: errors.DataCubeError) -> None:
    with pytest.raises(type(error)) as caught, no_useless_retries():
        raise error
    assert caught.value is error
