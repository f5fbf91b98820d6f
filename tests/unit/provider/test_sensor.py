from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from airflow.sdk.bases.sensor import AirflowRescheduleException

from airflow_provider_datacube._refusals import Request, refused
from airflow_provider_datacube._sensing import Judgement, Verdict
from airflow_provider_datacube.sensors.datacube import DataCubeSensor
from datacube_api import errors
from datacube_api.reference import CubeRef
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from types import ModuleType

FAILED = {"conditions": [{"type": "Failed", "status": "True", "message": "it broke"}]}
NEVER = Judgement(Verdict.NEVER, "it broke").to_event()


@pytest.fixture
def sensor(store: Any) -> Any:
    """Make sensors whose cluster is the store."""

    class Offline(DataCubeSensor):
        hook = store

    def make(**arguments: Any) -> DataCubeSensor:
        chosen = {} if "label_selector" in arguments else {"name": "x"}
        given = {"task_id": "wait", "poke_interval": 0.01, "timeout": 5, **chosen, **arguments}
        return Offline(**given)

    return make


@pytest.fixture
def ref(store: Any, manifest: dict[str, Any]) -> CubeRef:
    metadata = {"namespace": "default", "name": "x", "labels": {"team": "ml"}}
    return CubeRef.of(store.create({**manifest, "metadata": metadata}))


class Rescheduled(TaskInstance):
    """One that is at its first look."""

    def get_first_reschedule_date(self, _: Any) -> None:
        """Return when that was; nothing yet."""


def run(sensor: DataCubeSensor, **context: Any) -> Any:
    sensor.render_template_fields({**context})  # type: ignore[typeddict-item]  # what it needs
    return sensor.execute({})


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_condition_that_is_there_ends_the_wait(
    store: Any, fakes: ModuleType, ref: CubeRef, sensor: Any, *, deferrable: bool
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    assert run(sensor(deferrable=deferrable))["uid"] == ref.uid
    (one,) = run(sensor(label_selector="team={{ t }}", deferrable=deferrable), t="ml")
    assert one["pvc"] == "data"


def test_a_poking_sensor_looks_until_it_is_there(
    store: Any, fakes: ModuleType, manifest: dict[str, Any], sensor: Any
) -> None:
    looks = 0
    read = store.read

    def look(ref: CubeRef) -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:
            store.create({**manifest, "metadata": {"namespace": "default", "name": "x"}})
        if looks == 4:
            store.set_status(ref, fakes.COMPLETE)
        return read(ref)

    store.read = look
    assert run(sensor())["name"] == "x"
    assert looks == 4


def test_a_fault_that_passes_fails_no_sensor(
    store: Any, fakes: ModuleType, ref: CubeRef, sensor: Any
) -> None:
    store.set_status(ref, fakes.COMPLETE)
    store.refuse("get", errors.DataCubeUnavailableError("later", 503))
    assert run(sensor())["uid"] == ref.uid


def test_rescheduled_it_gives_its_slot_back_between_two_looks(
    store: Any, fakes: ModuleType, ref: CubeRef, sensor: Any
) -> None:
    task = sensor(mode="reschedule", poke_interval=60, timeout=600)
    context = {"ti": Rescheduled()}
    before = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as again:
        task.execute(context)
    assert before + timedelta(seconds=60) <= again.value.reschedule_date
    assert store.asked.count("get") == 1
    store.set_status(ref, fakes.COMPLETE)
    assert task.execute(context)["uid"] == ref.uid


def test_a_server_that_starts_again_refuses_for_a_moment(
    store: Any, fakes: ModuleType, ref: CubeRef, sensor: Any
) -> None:
    read, looks = store.read, []

    def look(asked: CubeRef) -> Any:
        looks.append(asked)
        if len(looks) == 2:
            raise errors.DataCubeForbiddenError("403 Forbidden", 403)
        if len(looks) == 4:
            store.set_status(ref, fakes.COMPLETE)
        return read(asked)

    store.read = look
    assert run(sensor())["uid"] == ref.uid
    assert len(looks) == 4


@pytest.mark.parametrize("deferrable", [False, True])
def test_one_that_never_fails_skips_whatever_happens(
    store: Any, sensor: Any, *, deferrable: bool
) -> None:
    store.refuse("get", errors.DataCubeApiError("400 Bad Request", 400))
    with pytest.raises(AirflowSkipException):
        run(sensor(never_fail=True, deferrable=deferrable))


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failed_transfer_fails_at_once(
    store: Any, ref: CubeRef, sensor: Any, *, deferrable: bool
) -> None:
    store.set_status(ref, FAILED)
    with pytest.raises(AirflowFailException, match="it broke"):
        run(sensor(deferrable=deferrable))
    with pytest.raises(AirflowSkipException):
        run(sensor(soft_fail=True, deferrable=deferrable))


def test_a_condition_that_rendered_to_nothing_is_refused(sensor: Any) -> None:
    with pytest.raises(AirflowFailException, match="condition: its template rendered to nothing"):
        run(sensor(condition="{{ nobody_knows }}"))


def test_a_timeout_is_a_sensors_timeout(sensor: Any) -> None:
    with pytest.raises(AirflowSensorTimeout):
        run(sensor(timeout=0.02))


def test_a_missing_one_fails_where_it_is_told_to(sensor: Any) -> None:
    with pytest.raises(AirflowFailException, match="default/x: there is none"):
        run(sensor(if_missing="fail"))


def test_a_cluster_without_datacubes_is_no_missing_one(store: Any, sensor: Any) -> None:
    store.refuse("get", refused(Request("get", "default", "k8s", "x"), 404, ""))
    with pytest.raises(errors.DataCubeNotFoundError, match="install the custom resource"):
        run(sensor())


def test_a_refusal_fails_the_task(store: Any, sensor: Any) -> None:
    store.refuse("get", errors.DataCubeForbiddenError("may not get", 403))
    with pytest.raises(AirflowFailException, match="may not get"):
        run(sensor())


def test_a_deferred_sensor_knows_what_to_wait_for(sensor: Any) -> None:
    task = sensor(
        label_selector="team={{ t }}",
        namespace="ml",
        condition="Initialized",
        match="any",
        if_failed="wait",
        deferrable=True,
        timeout=60,
        execution_timeout=timedelta(seconds=40),
    )
    with pytest.raises(TaskDeferred) as deferred:
        run(task, t="x")
    _, stored = deferred.value.trigger.serialize()
    assert stored.pop("deadline") == pytest.approx(time.time() + 40, abs=20)
    assert stored == {
        "namespace": "ml",
        "name": "",
        "label_selector": "team=x",
        "condition": "Initialized",
        "match": "any",
        "if_missing": "wait",
        "if_failed": "wait",
        "kubernetes_conn_id": "kubernetes_default",
        "poke_interval": 0.01,
        "timeout_s": 40.0,
    }


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (NEVER, AirflowFailException),
        (Judgement(Verdict.LATE, "late").to_event(), AirflowSensorTimeout),
        (Judgement(Verdict.ERROR, "odd").to_event(), errors.DataCubeError),
        ({"verdict": "splendid"}, errors.DataCubeError),
        (None, errors.DataCubeError),
    ],
)
def test_only_what_is_met_is_success(sensor: Any, event: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        sensor().execute_complete({}, event)


def test_a_soft_sensor_is_skipped_after_the_deferral(sensor: Any) -> None:
    with pytest.raises(AirflowSkipException, match="it broke"):
        sensor(soft_fail=True).execute_complete({}, NEVER)


def test_a_selector_that_rendered_to_nothing_is_refused(store: Any, sensor: Any) -> None:
    with pytest.raises(AirflowFailException, match="label_selector: its template rendered to no"):
        run(sensor(label_selector="{{ nobody_knows }}"))
    assert store.asked == []


@pytest.mark.parametrize(
    "arguments", [{"label_selector": ""}, {"match": "most"}, {"if_missing": "?"}, {"name": ""}]
)
def test_a_mistake_breaks_the_parsing_of_the_dag(sensor: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(errors.DataCubeSpecError):
        sensor(**arguments)
