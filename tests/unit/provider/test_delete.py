from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_datacube._refusals import Request, refused
from airflow_provider_datacube.operators.datacube_delete import DataCubeDeleteOperator
from datacube_api import errors
from datacube_api.reference import CubeRef

LATER = errors.DataCubeUnavailableError("later", 503)


@pytest.fixture
def delete(store: Any) -> Any:
    """Run an operator over the store, as the task runner does."""

    class Offline(DataCubeDeleteOperator):
        _pauses_s = (0.0, 0.0)
        hook = store

    def run(arguments: dict[str, Any], **context: Any) -> Any:
        task = Offline(task_id="clean", poll_interval=0.01, **arguments)
        task.render_template_fields({**context})  # type: ignore[typeddict-item]  # what it needs
        return task.execute({})

    return run


@pytest.fixture
def make(store: Any, manifest: dict[str, Any]) -> Any:
    def make(name: str, team: str = "a") -> CubeRef:
        metadata = {"namespace": "default", "name": name, "labels": {"team": team}}
        return CubeRef.of(store.create({**manifest, "metadata": metadata}))

    return make


def left(store: Any) -> list[str]:
    return [name for _, name in store.held]


def test_one_is_deleted_by_name(store: Any, make: Any, delete: Any) -> None:
    make("x-1")
    make("x-2")
    assert delete({"name": "x-{{ n }}"}, n=2) == ["x-2"]
    assert left(store) == ["x-1"]


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_a_fault_that_passes_is_waited_out(store: Any, make: Any, delete: Any, verb: str) -> None:
    make("x")
    store.refuse(verb, LATER, LATER)
    assert delete({"name": "x"}) == ["x"]
    assert left(store) == []
    make("x")
    store.refuse(verb, LATER, LATER, LATER)
    with pytest.raises(errors.DataCubeUnavailableError):
        delete({"name": "x"})


def test_some_are_deleted_by_label(store: Any, make: Any, delete: Any) -> None:
    for name, team in (("x", "a"), ("y", "b"), ("z", "a")):
        make(name, team)
    assert delete({"label_selector": "team={{ t }}"}, t="a") == ["x", "z"]
    assert left(store) == ["y"]


def test_a_selector_that_rendered_to_nothing_deletes_nothing(
    store: Any, make: Any, delete: Any
) -> None:
    make("x")
    with pytest.raises(AirflowFailException, match="label_selector: its template rendered to no"):
        delete({"label_selector": "{{ nobody_knows }}"})
    assert left(store) == ["x"]


@pytest.mark.parametrize(
    ("uid", "error"),
    [("another", errors.DataCubeNotFoundError), ("{{ nobody_knows }}", AirflowFailException)],
)
def test_a_namesake_is_not_deleted(
    store: Any, make: Any, delete: Any, uid: str, error: type[Exception]
) -> None:
    make("x")
    with pytest.raises(error):
        delete({"name": "x", "uid": uid, "if_missing": "fail"})
    assert left(store) == ["x"]


def test_one_that_is_made_anew_meanwhile_is_not_deleted(store: Any, make: Any, delete: Any) -> None:
    ref = make("x")
    read = store.read

    def look(asked: CubeRef) -> Any:
        seen = read(asked)
        store.delete(ref)
        make("x")
        store.read = read
        return seen

    store.read = look
    delete({"name": "x"})
    assert left(store) == ["x"]


def test_a_missing_one_is_success_or_not(delete: Any) -> None:
    assert delete({"name": "x"}) == []
    assert delete({"label_selector": "team=a"}) == []
    with pytest.raises(errors.DataCubeNotFoundError, match="default/x: there is none"):
        delete({"name": "x", "if_missing": "fail"})


def test_a_cluster_without_datacubes_is_no_missing_one(store: Any, delete: Any) -> None:
    store.refuse("get", refused(Request("get", "default", "k8s", "x"), 404, ""))
    with pytest.raises(errors.DataCubeNotFoundError, match="install the custom resource"):
        delete({"name": "x"})


def test_it_waits_for_the_end_of_the_transfer(store: Any, make: Any, delete: Any) -> None:
    make("x")
    remove, looks = store.delete, []
    store.delete = lambda ref, *, foreground: looks.append((ref, foreground))
    read = store.read

    def look(asked: CubeRef) -> Any:
        if looks:
            looks.append(asked)
            if len(looks) == 3:
                raise LATER
            if len(looks) == 4:  # it has begun to answer, and does not know its roles yet
                raise errors.DataCubeForbiddenError("403 Forbidden", 403)
            if len(looks) == 5:
                remove(asked)
        return read(asked)

    store.read = look
    assert delete({"name": "x", "wait_for_completion": True}) == ["x"]
    assert len(looks) == 5
    assert looks[0][1] is True


@pytest.mark.parametrize(
    "arguments",
    [{}, {"name": "a", "label_selector": "b"}, {"label_selector": "a=b", "uid": "u"}],
)
def test_a_mistake_breaks_the_parsing_of_the_dag(arguments: dict[str, Any]) -> None:
    with pytest.raises(errors.DataCubeSpecError):
        DataCubeDeleteOperator(task_id="clean", **arguments)
