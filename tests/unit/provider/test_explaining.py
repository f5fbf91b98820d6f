"""Errors that pass: what they were, they stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout, TaskDeferred, mask_secret

from airflow_provider_datacube._events import Ending, to_error_event, to_event
from airflow_provider_datacube._explaining import explained
from airflow_provider_datacube._facts import Facts
from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from datacube_api import errors
from datacube_api.status import Outcome, Phase
from datacube_api.transferred import transferred
from tests.task_instances import TaskInstance
from tests.unit.provider.around import POD, REF, ended, event, pod

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_api.reference import CubeRef
    from tests.unit.provider.worker import Worker


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def error(self, msg: str, /, *args: Any) -> None:
        self.lines.append("error: " + msg % args)

    def info(self, msg: str, /, *args: Any) -> None:
        self.lines.append("info: " + msg % args)

    def warning(self, msg: str, /, *args: Any) -> None:
        self.lines.append("warning: " + msg % args)


class Hook:
    """Knows some facts, or fails with an error of whatever kind."""

    def __init__(self, facts: Facts | BaseException) -> None:
        self._facts = facts
        self.asked: list[tuple[CubeRef, str]] = []

    def facts(self, ref: CubeRef, *, pod: str = "") -> Facts:
        self.asked.append((ref, pod))
        if isinstance(self._facts, BaseException):
            raise self._facts
        return self._facts


FACTS = Facts(
    pod=pod("Failed", ended("OOMKilled", 137)), events=(event("Killing"),), log=("100 %: done",)
)
FAILED = Outcome(Phase.FAILED, "PodFailed", "it broke", POD)
META = {"namespace": "ml", "name": "weights", "uid": "u-1"}
CONDITION = {"type": "Failed", "status": "True", "reason": "PodFailed", "message": "it broke"}
MADE = transferred({"metadata": META, "spec": {}})
ERRORS = [
    lambda: errors.DataCubeFailedError(REF, FAILED),
    lambda: errors.DataCubeGoneError(REF, POD),
    lambda: errors.DataCubeTimeoutError(REF, 5),
]


@pytest.fixture
def log() -> Log:
    return Log()


def test_the_cause_is_told_first_then_the_events_then_the_log(log: Log) -> None:
    with pytest.raises(errors.DataCubeTimeoutError, match="OOMKilled"), explained(Hook(FACTS), log):
        raise errors.DataCubeTimeoutError(REF, 5)
    assert [line.partition("\n")[0] for line in log.lines] == [
        "error: DataCube ml/weights did not end in time",
        "info: Kubernetes Events, oldest first (1 of 1):",
        "info: The last lines of the pod's log (1):",
    ]


@pytest.mark.parametrize("make", ERRORS)
def test_an_error_stays_what_it_is(log: Log, make: Any) -> None:
    error = make()
    with pytest.raises(type(error)) as caught, explained(Hook(FACTS), log):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("make", ERRORS)
@pytest.mark.parametrize(
    "problem", [ValueError("canary"), RuntimeError(), OSError(), AirflowTaskTimeout()]
)
def test_no_other_error_takes_its_place(log: Log, make: Any, problem: BaseException) -> None:
    error = make()
    before = str(error)
    with pytest.raises(type(error)) as caught, explained(Hook(problem), log):
        raise error
    assert caught.value is error
    assert str(error) == before
    assert caught.value.__cause__ is None
    kind = type(problem).__name__
    assert log.lines == [f"warning: DataCube ml/weights cannot be explained further ({kind})"]


def test_the_pod_that_is_known_is_looked_for(log: Log) -> None:
    hook = Hook(FACTS)
    for make in ERRORS:
        with pytest.raises(errors.DataCubeError), explained(hook, log):
            raise make()
    assert hook.asked == [(REF, POD), (REF, POD), (REF, "")]


@pytest.fixture
def resume(store: Any) -> Callable[[dict[str, Any]], Any]:
    """Resume a deferred task over a store."""

    class Offline(DataCubeOperator):
        hook = store

    task = Offline(task_id="x", source=Git(url="https://git.example.org/a.git"), sink=PVC("data"))
    return lambda event: task.execute_complete({"ti": TaskInstance()}, event)  # type: ignore[typeddict-item]


def test_a_task_looks_around_before_it_deletes_the_pod_with_its_log(worker: Worker) -> None:
    task = worker.task(deferrable=True)
    with pytest.raises(TaskDeferred):
        worker.run(task)
    error = errors.DataCubeTimeoutError(worker.ref, 60)
    with pytest.raises(errors.DataCubeTimeoutError):
        worker.resume(task, to_error_event(worker.ref, error))
    assert worker.store.asked == ["create", "facts", "get", "delete"]


def test_a_tasks_error_says_what_the_pod_says(store: Any, resume: Callable[..., Any]) -> None:
    store.around = FACTS
    with pytest.raises(errors.DataCubeFailedError, match=r"it broke; pod .*: OOMKilled: .*; raise"):
        resume(to_event(Ending(REF, FAILED, MADE)))


@pytest.mark.parametrize(("shown", "times"), [((), 1), ((POD,), 0), (("an-earlier-pod",), 1)])
def test_a_log_that_the_task_has_shown_is_not_shown_again(
    store: Any,
    resume: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    shown: tuple[str, ...],
    times: int,
) -> None:
    store.around = FACTS
    status = {"conditions": [CONDITION], "pod": {"reference": {"name": POD}}}
    cube = {"metadata": META, "spec": {}, "status": status}
    with pytest.raises(errors.DataCubeFailedError):
        resume(to_event(Ending.of(cube, shown)))
    assert capsys.readouterr().out.count("100 %: done") == times


def test_a_tasks_error_survives_its_explanation(store: Any, resume: Callable[..., Any]) -> None:
    store.refuse("facts", KeyError("canary"))
    with pytest.raises(errors.DataCubeFailedError, match=r"it broke$"):
        resume(to_event(Ending(REF, FAILED, MADE)))


def test_airflows_own_timeout_is_explained_in_the_log(log: Log) -> None:
    with pytest.raises(AirflowTaskTimeout), explained(Hook(FACTS), log, REF):
        raise AirflowTaskTimeout
    assert log.lines[0].startswith("error: DataCube ml/weights did not end in time\n")


@pytest.mark.parametrize(
    "error", [AirflowTaskTimeout(), errors.DataCubeUnavailableError("later", 503), KeyError("x")]
)
def test_what_says_nothing_about_a_datacube_passes(log: Log, error: BaseException) -> None:
    hook = Hook(FACTS)
    with pytest.raises(type(error)), explained(hook, log):
        raise error
    assert (hook.asked, log.lines) == ([], [])


def test_no_error_no_words(log: Log) -> None:
    with explained(Hook(FACTS), log):
        pass
    assert log.lines == []


def test_what_airflow_knows_to_be_secret_is_masked(log: Log) -> None:
    mask_secret("canary-variable")  # as Airflow does with the password of a connection
    facts = Facts(pod=pod("Failed", ended("X", 1, "canary-variable")), log=("canary-variable",))
    error = errors.DataCubeTimeoutError(REF, 5)
    with pytest.raises(errors.DataCubeTimeoutError), explained(Hook(facts), log):
        raise error
    assert "***" in str(error)
    assert "canary" not in f"{error}{log.lines}"
