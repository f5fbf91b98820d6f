"""How a worker that asks waits out a fault, with the pauses noted instead of slept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datacube import _faults
from airflow_provider_datacube._faults import PAUSES_S, patiently
from airflow_provider_datacube._refusals import ResourceUnknownError
from datacube_api import errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

AWAY = errors.DataCubeUnavailableError("no answer", 0)
FORBIDDEN = errors.DataCubeForbiddenError("403 Forbidden", 403)
UNKNOWN = ResourceUnknownError("404 Not Found", 404)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    event = SimpleNamespace(wait=taken.append)
    monkeypatch.setattr(_faults, "threading", SimpleNamespace(Event=lambda: event))
    return taken


@pytest.fixture
def ask(fakes: ModuleType, pauses: list[float]) -> Callable[..., str]:  # noqa: ARG001 - none is slept
    """Ask what answers with these errors first."""

    def ask(*errors: Exception) -> str:
        left = [*errors]

        def answer() -> str:
            if left:
                raise left.pop(0)
            return "the answer"

        return patiently(answer, PAUSES_S, fakes.Quiet())

    return ask


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_an_api_server_may_be_away_for_a_minute(
    share: float, pauses: list[float], fakes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer() -> str:
        if sum(pauses) < 60:
            raise AWAY
        return "the answer"

    monkeypatch.setattr(_faults, "spread", lambda longest_s: share * longest_s)
    assert patiently(answer, PAUSES_S, fakes.Quiet()) == "the answer"
    assert max(pauses) <= 15


def test_it_is_not_asked_for_ever(ask: Callable[..., str], pauses: list[float]) -> None:
    with pytest.raises(errors.DataCubeUnavailableError):
        ask(*[AWAY] * 100)
    assert len(pauses) == len(PAUSES_S)
    assert sum(pauses) < 130


@pytest.mark.parametrize("refusal", [FORBIDDEN, UNKNOWN])
def test_one_that_was_away_may_be_starting(ask: Callable[..., str], refusal: Exception) -> None:
    assert ask(AWAY, refusal, refusal) == "the answer"
    with pytest.raises(type(refusal)):
        ask(AWAY, *[refusal] * 100)


@pytest.mark.parametrize("refusal", [FORBIDDEN, UNKNOWN, errors.DataCubeRejectedError("no", 422)])
def test_a_refusal_stands_at_once(
    ask: Callable[..., str], pauses: list[float], refusal: Exception
) -> None:
    with pytest.raises(type(refusal)):
        ask(refusal)
    assert pauses == []
