from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_datacube._events import Ending, from_event, to_error_event, to_event
from datacube_api.errors import (
    DataCubeApiError,
    DataCubeConflictError,
    DataCubeError,
    DataCubeForbiddenError,
    DataCubeGoneError,
    DataCubeTimeoutError,
)
from datacube_api.reference import CubeRef
from datacube_api.status import Outcome, Phase
from datacube_api.transferred import transferred

REF = CubeRef("ml", "weights", "u-1")
CUBE = {
    "metadata": {"namespace": "ml", "name": "weights", "uid": "u-1"},
    "spec": {
        "source": {"type": "s3", "options": [{"name": "s3-uri", "value": "s3://b/c"}]},
        "sink": {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}},
    },
    "status": {
        "conditions": [{"type": "Complete", "status": "True", "reason": "R", "message": "m"}],
        "pod": {"reference": {"name": "pod-1"}},
        "result": {"bytes": 3},
    },
}
ENDING = Ending.of(CUBE)


def through_json(event: dict[str, Any]) -> Any:
    return json.loads(json.dumps(event))


@pytest.mark.parametrize("phase", list(Phase))
def test_an_ending_survives_the_journey(phase: Phase) -> None:
    outcome = Outcome(phase, "R", "m", "pod-1")
    ending = Ending(REF, outcome, ENDING.made, is_log_shown=True)
    assert from_event(through_json(to_event(ending))) == ending


@pytest.mark.parametrize(
    "error",
    [
        DataCubeGoneError(REF),
        DataCubeGoneError(REF, "pod-1"),
        DataCubeTimeoutError(REF, 90),
        DataCubeForbiddenError("may not", 403),
        DataCubeConflictError("taken", 409),
        DataCubeApiError("odd", 418),
    ],
)
def test_an_error_survives_the_journey(error: DataCubeError) -> None:
    with pytest.raises(type(error)) as caught:
        from_event(through_json(to_error_event(REF, error)))
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert vars(caught.value) == vars(error)


def test_the_text_of_a_strange_error_stays_behind() -> None:
    event = to_error_event(REF, RuntimeError("s3cret"))
    assert "s3cret" not in json.dumps(event)
    with pytest.raises(DataCubeError, match="RuntimeError"):
        from_event(event)


@pytest.mark.parametrize(
    "event",
    [
        None,
        "success",
        {},
        {"status": "success"},
        {"ref": {}},
        {**to_event(ENDING), "ref": {"namespace": "a"}},
        {**to_event(ENDING), "outcome": {"phase": "Splendid"}},
        {**to_event(ENDING), "made": {"pvc": "data"}},
        {**to_event(ENDING), "made": None},
        {**to_event(ENDING), "outcome": {"phase": "Succeeded", "colour": "red"}},
        {"ref": to_event(ENDING)["ref"]},
        {"ref": to_event(ENDING)["ref"], "error": "gone"},
        {"ref": to_event(ENDING)["ref"], "error": {"message": "no kind"}},
    ],
)
def test_what_is_not_understood_is_never_a_success(event: object) -> None:
    with pytest.raises(DataCubeError, match="not understood"):
        from_event(event)


def test_an_ending_is_read_off_the_object() -> None:
    assert ENDING.ref == REF
    assert ENDING.outcome == Outcome(Phase.SUCCEEDED, "R", "m", "pod-1")
    assert ENDING.made == transferred(CUBE)
