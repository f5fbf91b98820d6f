from __future__ import annotations

import pytest

from datacube_api import errors
from datacube_api.errors import (
    DataCubeError,
    DataCubeFailedError,
    DataCubeGoneError,
    DataCubeSpecError,
    DataCubeTimeoutError,
    DataCubeUnavailableError,
)
from datacube_api.reference import CubeRef
from datacube_api.status import Outcome, Phase

REF = CubeRef("ml", "cube", "uid-1")


def test_only_an_unavailable_server_is_worth_the_same_call_again() -> None:
    tree = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert [e for e in tree if getattr(e, "retryable", False)] == [DataCubeUnavailableError]
    assert all(issubclass(e, DataCubeError) for e in tree)


def test_newcomers_catch_what_they_know() -> None:
    assert issubclass(DataCubeSpecError, ValueError)
    assert issubclass(DataCubeTimeoutError, TimeoutError)


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Outcome(Phase.FAILED, "NetworkError", "no route"), "NetworkError: no route"),
        (Outcome(Phase.FAILED, "NetworkError"), "NetworkError"),
        (Outcome(Phase.FAILED), "the status gives no reason"),
    ],
)
def test_a_failure_says_which_cube_and_why(outcome: Outcome, why: str) -> None:
    error = DataCubeFailedError(REF, outcome)
    assert str(error) == f"DataCube ml/cube failed: {why}"
    assert error.reason == outcome.reason


def test_a_hint_stands_behind_what_happened() -> None:
    error = DataCubeTimeoutError(REF, 90)
    error.hint = "it was still running"
    assert str(error) == "DataCube ml/cube did not end within 90 seconds; it was still running"


def test_the_others_name_the_cube_too() -> None:
    assert "ml/cube" in str(DataCubeGoneError(REF))
    assert str(DataCubeTimeoutError(REF, 90)) == "DataCube ml/cube did not end within 90 seconds"
