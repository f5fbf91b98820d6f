"""What is wrong with a task's settings is said when the DAG is parsed, by each operator alike."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_datacube._settings import seconds
from airflow_provider_datacube.decorators.datacube import datacube_task
from airflow_provider_datacube.models import PVC, Git
from airflow_provider_datacube.operators.datacube import DataCubeOperator
from airflow_provider_datacube.operators.datacube_delete import DataCubeDeleteOperator
from airflow_provider_datacube.sensors.datacube import DataCubeSensor
from datacube_api.errors import DataCubeSpecError
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS = {"source": Git(url="https://git.example.org/a/b.git"), "sink": PVC("data")}


def transfer(**given: Any) -> DataCubeOperator:
    return DataCubeOperator(task_id="t", **ENDS, **given)


def decorated(**given: Any) -> Any:
    return datacube_task(task_id="t", **given)(lambda: ENDS)().operator


def sensor(**given: Any) -> DataCubeSensor:
    chosen = {} if {"name", "label_selector"} & given.keys() else {"name": "x"}
    return DataCubeSensor(task_id="t", **chosen, **given)


def delete(**given: Any) -> DataCubeDeleteOperator:
    return DataCubeDeleteOperator(task_id="t", **{"name": "x", **given})


Make = transfer, decorated, sensor, delete


@pytest.mark.parametrize("make", [transfer, decorated])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"timeout": 0}, "timeout: must be more than 0 seconds, not 0"),
        ({"timeout": timedelta(0)}, "timeout: must be more than 0 seconds, not 0"),
        ({"timeout": -1.5}, "timeout: must be more than 0 seconds, not -1.5"),
        ({"timeout": "60"}, "timeout: must be a number of seconds or a timedelta, not str"),
        ({"timeout": True}, "timeout: must be a number of seconds or a timedelta, not bool"),
        ({"timeout": math.inf}, "timeout: must be a number of seconds or a timedelta, not inf"),
        ({"timeout": "{{ params.t }}"}, "timeout: must be a number of seconds or a timedelta"),
        ({"get_logs": "no"}, "get_logs: must be one of True, False"),
        ({"get_logs": None}, "get_logs: must be one of True, False"),
        ({"on_kill_action": "delete_pod"}, "on_kill_action: must be one of delete_datacube, keep_"),
        ({"on_kill_action": None}, "on_kill_action: must be one of delete_datacube, keep_datacube"),
        ({"on_finish_action": "delete"}, "on_finish_action: must be one of keep_datacube, delete_"),
    ],
)
def test_a_transfers_own_settings(make: Callable[..., Any], given: Any, says: str) -> None:
    with pytest.raises(DataCubeSpecError, match=says):
        make(**given)


@pytest.mark.parametrize("make", [transfer, decorated, delete])
@pytest.mark.parametrize("given", [0, -1, "5", None, math.nan])
def test_a_pace_is_a_time(make: Callable[..., Any], given: Any) -> None:
    with pytest.raises(DataCubeSpecError, match="poll_interval: must be "):
        make(poll_interval=given)


def test_a_time_is_taken_in_either_form() -> None:
    minute = timedelta(minutes=1)
    task = transfer(timeout=minute, poll_interval=timedelta(seconds=2))
    assert (task.timeout, task.poll_interval) == (60.0, 2.0)
    assert delete(poll_interval=minute).poll_interval == 60.0
    assert seconds("x", 3) == 3
    assert transfer().timeout is None


@pytest.mark.parametrize("make", Make)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kubernetes_conn_id": ""}, "kubernetes_conn_id: is empty"),
        ({"kubernetes_conn_id": None}, "kubernetes_conn_id: is empty"),
        ({"kubernetes_conn_id": 3}, "kubernetes_conn_id: must be a text, not int"),
        ({"namespace": ""}, "namespace: must be lower case letters"),
        ({"namespace": "My_Team"}, "namespace: must be lower case letters, digits, '-' and '.'"),
        ({"namespace": "n" * 64}, "namespace: must have at most 63 characters"),
        ({"name": "a/b"}, "name: must be lower case letters, digits, '-' and '.'"),
        ({"name": "n" * 254}, "name: must have at most 253 characters"),
    ],
)
def test_what_names_something(make: Callable[..., Any], given: Any, says: str) -> None:
    with pytest.raises(DataCubeSpecError, match=says):
        make(**given)


@pytest.mark.parametrize("make", Make)
def test_a_template_is_taken_as_it_is_until_it_is_rendered(make: Callable[..., Any]) -> None:
    given = {"kubernetes_conn_id": "{{ c }}", "namespace": "{{ n }}", "name": "x-{{ n }}"}
    task = make(**given)
    assert {field: getattr(task, field) for field in given} == given


@pytest.mark.parametrize("make", [transfer, sensor, delete])
def test_a_connection_that_rendered_to_nothing_is_refused(make: Callable[..., Any]) -> None:
    task = make(kubernetes_conn_id="{{ nobody_knows }}")
    task.render_template_fields({})
    with pytest.raises(AirflowFailException, match="kubernetes_conn_id: its template rendered to"):
        task.execute({"ti": TaskInstance()})


@pytest.mark.parametrize("make", [sensor, delete])
def test_a_name_is_looked_at_again_when_it_is_rendered(make: Callable[..., Any]) -> None:
    task = make(name="{{ n }}", namespace="ml")
    task.render_template_fields({"n": "../x"})
    with pytest.raises(AirflowFailException, match="name: must be lower case letters"):
        task.execute({"ti": TaskInstance()})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "x", "label_selector": "a=b"}, "name, label_selector: give exactly one"),
        ({"label_selector": ""}, "label_selector: is empty"),
        ({"condition": ""}, "condition: is empty"),
        ({"condition": 1}, "condition: must be a text, not int"),
        ({"match": "most", "label_selector": "a=b"}, "match: must be one of all, any"),
        ({"match": "any"}, "match: belongs to a label_selector, not to a name"),
        ({"if_missing": "?"}, "if_missing: must be one of wait, fail"),
        ({"deferrable": True, "poke_interval": 0}, "poke_interval: must be more than 0 seconds"),
        ({"if_failed": "?"}, "if_failed: must be one of fail, wait"),
    ],
)
def test_a_sensors_own_settings(given: Any, says: str) -> None:
    with pytest.raises(DataCubeSpecError, match=says):
        sensor(**given)


@pytest.mark.parametrize(
    "given", [{"mode": "sometimes"}, {"poke_interval": -1}, {"poke_interval": "5"}, {"timeout": -1}]
)
def test_a_sensors_settings_of_airflow_are_airflows_to_refuse(given: Any) -> None:
    with pytest.raises(Exception, match=r"mode|poke_interval|timeout"):
        sensor(**given)
