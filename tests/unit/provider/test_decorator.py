from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, task

from airflow_provider_datacube.decorators.datacube import datacube_task
from airflow_provider_datacube.models import PVC, DataCube, Executor, Git, Spec
from datacube_api import errors
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from types import ModuleType

URL = "https://git.example.org/a/repo.git"
GIT, VOLUME = Git(url=URL), PVC("data", sub_path="code")
BOTH = {"source": GIT, "sink": VOLUME}


@pytest.fixture
def run(store: Any, fakes: ModuleType) -> Any:
    """Run a decorated function as the task runner does; return the spec that was sent."""
    create = store.create
    store.create = lambda manifest: create({**manifest, "status": fakes.COMPLETE})

    def run(function: Any, *args: Any, given: Any = None, **context: Any) -> dict[str, Any]:
        with DAG("etl", schedule=None):
            made = datacube_task(function, **(given or {}))(*args)
        operator = made.operator
        operator.hook = store
        context = {"ti": TaskInstance(), **context}
        operator.render_template_fields(context)
        summary = operator.execute(context)
        (sent,) = (c for (_, name), c in store.held.items() if name == summary["name"])
        spec: dict[str, Any] = sent["spec"]
        return spec

    return run


def returning(value: Any) -> Any:
    def fetch() -> Any:
        return value

    return fetch


SPEC = Spec(source=GIT, sink=VOLUME)
MANIFEST = DataCube(spec=SPEC)


@pytest.mark.parametrize(
    "returned",
    [
        BOTH,
        {"source": GIT.to_manifest(), "sink": VOLUME.to_manifest()},
        SPEC,
        MANIFEST,
        MANIFEST.to_manifest(),
        {**BOTH, "transfer_executor": None},
    ],
)
def test_what_a_function_returns_is_transferred(run: Any, returned: Any) -> None:
    assert run(returning(returned)) == SPEC.to_manifest()


@pytest.mark.parametrize("key", ["executor", "transfer_executor"])
def test_it_may_set_the_executor(run: Any, key: str) -> None:
    spec = run(returning({**BOTH, key: Executor(backoff_limit=2)}))
    assert spec["executor"] == {"options": {"backoffLimit": 2}}


def test_what_the_decorator_has_is_the_default(run: Any) -> None:
    given = {"sink": PVC("ws-{{ day }}"), "transfer_executor": Executor(backoff_limit=1)}
    spec = run(returning({"source": GIT}), given=given, day="20261101")
    assert spec["sink"] == {"type": "pvc", "pvc": {"name": "ws-20261101"}}
    assert spec["executor"] == {"options": {"backoffLimit": 1}}


def test_a_function_has_arguments_and_context(run: Any) -> None:
    def fetch(url: str, day: str = "", run_id: str | None = None) -> dict[str, Any]:
        return {"source": Git(url=url), "sink": PVC(day, sub_path=run_id)}

    spec = run(fetch, "https://{{ host }}/x.yaml", "d-{{ d }}", host="h.example", d=1, run_id="r-1")
    assert spec["source"]["options"][0]["value"] == "https://h.example/x.yaml"
    assert spec["sink"]["pvc"] == {"name": "d-1", "subPath": "r-1"}


def test_text_from_outside_does_not_become_a_program(run: Any, store: Any) -> None:
    def fetch(url: str) -> dict[str, Any]:
        return {"source": Git(url=url), "sink": VOLUME}

    with pytest.raises(AirflowFailException, match=r"source.options\[0\].value: holds Jinja") as e:
        run(fetch, "{{ outside }}", outside="https://h/{{ conn.aws.password }}")
    assert "conn.aws" not in str(e.value)
    assert store.held == {}


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (None, r"fetch must return a mapping .* not nothing \(None\)"),
        ("s3cret", "not str"),
        ([BOTH], "not list"),
        ({}, "not an empty mapping"),
        ({**BOTH, "target": "s3cret"}, "it returned the key 'target' besides"),
        ({**BOTH, "sink": "s3cret"}, "fetch: sink must be a model or a mapping, not str"),
        ({"source": GIT}, "sink: is missing"),
        ({**BOTH, "sink": PVC("x"), "source": PVC("y")}, "exactly one of source and sink"),
        ({"spec": "s3cret"}, "apiVersion|spec"),
    ],
)
def test_a_mistake_is_told_without_values(run: Any, returned: Any, problem: str) -> None:
    with pytest.raises(AirflowFailException, match=problem) as caught:
        run(returning(returned))
    assert "s3cret" not in str(caught.value)


def test_a_manifest_and_an_end_contradict_each_other(run: Any) -> None:
    with pytest.raises(AirflowFailException, match="transfer_executor: is part of the manifest"):
        run(returning(MANIFEST), given={"transfer_executor": Executor(backoff_limit=1)})


def test_an_annotation_makes_no_outputs_of_a_summary() -> None:
    def fetch() -> dict[str, Any]:
        return BOTH

    with DAG("etl", schedule=None):
        assert datacube_task(fetch)().operator.multiple_outputs is False
    with pytest.raises(TypeError, match="one output"):
        datacube_task(fetch, multiple_outputs=True)
    with DAG("etl", schedule=None), pytest.raises(TypeError, match="the function returns it"):
        datacube_task(fetch, manifest="x")()


def test_a_mistake_in_the_decorator_breaks_the_parsing_of_the_dag() -> None:
    with DAG("etl", schedule=None), pytest.raises(errors.DataCubeSpecError, match="lower case"):
        datacube_task(returning(BOTH), name="Not A Name")()


def test_it_maps_overrides_and_takes_other_tasks_results() -> None:
    @task
    def urls() -> list[str]:
        return [URL]

    def fetch(url: str, day: str) -> dict[str, Any]:
        return {"source": Git(url=url), "sink": PVC(day)}

    decorated: Any = datacube_task(fetch, deferrable=True)
    with DAG("etl", schedule=None) as dag:
        decorated("a", day="b")
        decorated.override(task_id="other", on_kill_action="keep_datacube")(urls(), day="b")
        decorated.override(task_id="mapped").partial(day="b").expand(url=urls())
    assert set(dag.task_ids) == {"fetch", "other", "urls", "urls__1", "mapped"}
    assert dag.get_task("other").on_kill_action == "keep_datacube"
    assert dag.get_task("other").deferrable is True
    assert dag.get_task("other").upstream_task_ids == {"urls"}
