"""The operator's ``pod_settings``: judged when the DAG is parsed, rendered, sent as annotations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, task

from airflow_provider_datacube.decorators.datacube import datacube_task
from airflow_provider_datacube.models import PVC, Git, PodSettings
from datacube_api.errors import DataCubeSpecError
from datacube_api.pod_settings import ANNOTATIONS, settings_in
from tests.task_instances import TaskInstance

if TYPE_CHECKING:
    from types import ModuleType

    from tests.unit.provider.worker import Worker

ALL = PodSettings(
    resources={"requests": {"memory": "{{ params.memory }}"}, "limits": {"cpu": 2}},
    node_selector={"pool": "{{ params.pool }}"},
    tolerations=[{"key": "{{ params.pool }}", "operator": "Exists", "effect": "NoSchedule"}],
    service_account="{{ params.pool }}-transfers",
    image_pull_secrets=["registry"],
    ttl_after_finished="{{ params.days * 86400 }}",
    suspend="{{ params.held }}",
)
PARAMS = {"memory": "1Gi", "pool": "gpu", "days": 2, "held": False}
RENDERED = {
    "resources": {"requests": {"memory": "1Gi"}, "limits": {"cpu": "2"}},
    "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "serviceAccount": "gpu-transfers",
    "imagePullSecrets": ["registry"],
    "ttlSecondsAfterFinished": 172800,
    "suspend": False,
}


def sent(worker: Worker, fakes: ModuleType, **arguments: Any) -> dict[str, str]:
    """Return the annotations of what a task with these arguments makes."""
    create = worker.store.create
    worker.store.create = lambda manifest: create({**manifest, "status": fakes.COMPLETE})
    worker.run(worker.task(**arguments), params=PARAMS)
    (cube,) = worker.store.held.values()
    annotations: dict[str, str] = cube["metadata"]["annotations"]
    return annotations


def said(annotations: dict[str, str]) -> dict[str, Any]:
    return settings_in(annotations).to_manifest()


@pytest.mark.parametrize("given", [ALL, ALL.to_manifest()])
def test_settings_are_rendered_and_go_where_the_controller_reads_them(
    worker: Worker, fakes: ModuleType, given: Any
) -> None:
    assert said(sent(worker, fakes, pod_settings=given)) == RENDERED


def test_a_manifest_keeps_its_own_and_the_argument_goes_before_it(
    worker: Worker, fakes: ModuleType, manifest: dict[str, Any]
) -> None:
    own = PodSettings(service_account="theirs", node_selector={"disk": "ssd"})
    written = {"team": "ml", **settings_in({}).to_annotations()}
    written |= {ANNOTATIONS["service_account"]: "theirs", ANNOTATIONS["suspend"]: "false"}
    metadata = {"namespace": "default", "annotations": written}
    given = {**manifest, "metadata": metadata}
    settings = PodSettings(service_account="ours", node_selector=own.node_selector)
    annotations = sent(worker, fakes, manifest=given, pod_settings=settings)
    assert annotations["team"] == "ml"
    assert said(annotations) == {
        "nodeSelector": {"disk": "ssd"},
        "serviceAccount": "ours",
        "suspend": False,
    }


def test_without_settings_nothing_is_written(worker: Worker, fakes: ModuleType) -> None:
    assert said(sent(worker, fakes)) == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"resources": {"requests": {"memory": "much"}}}, "resources.requests.memory"),
        ({"resources": {"request": {}}}, "resources.request"),
        ({"node_selector": {"a b": "c"}}, "node_selector.a b"),
        ({"tolerations": [{"effect": "NoSchedule"}]}, "tolerations[0]"),
        ({"service_account": "Not_A_Name"}, "service_account"),
        ({"image_pull_secrets": "registry"}, "image_pull_secrets"),
        ({"suspend": "maybe"}, "suspend"),
    ],
)
def test_a_mistake_is_told_at_parse_time_with_its_field_and_mend(wrong: Any, field: str) -> None:
    with pytest.raises(DataCubeSpecError) as model:
        PodSettings(**wrong)
    assert model.value.problems[0].startswith(f"PodSettings.{field}: ")
    assert "write it as" in str(model.value)


def test_a_mapping_is_judged_as_a_model_is(worker: Worker) -> None:
    with pytest.raises(DataCubeSpecError, match=r"pod_settings\.nodeSelector: .*write it as"):
        worker.task(pod_settings={"nodeSelector": ["ssd"]})
    with pytest.raises(DataCubeSpecError, match=r"pod_settings\.node: is no setting.*known: res"):
        worker.task(pod_settings={"node": "a"})
    with pytest.raises(DataCubeSpecError, match=r"pod_settings: must be PodSettings"):
        worker.task(pod_settings="ssd")


def test_a_mistake_in_a_manifests_annotations_is_told_at_parse_time(
    worker: Worker, manifest: dict[str, Any]
) -> None:
    metadata = {"annotations": {"tensorstack.dev/datacube-resorces": "{}"}}
    with pytest.raises(DataCubeSpecError, match=r"metadata\.annotations\[.*\]: is no setting"):
        worker.task(manifest={**manifest, "metadata": metadata})


def test_what_a_template_left_wrong_is_told_before_anything_is_sent(worker: Worker) -> None:
    task = worker.task(pod_settings=PodSettings(service_account="{{ params.name }}"))
    with pytest.raises(Exception, match=r"pod_settings\.serviceAccount: "):
        worker.run(task, params={"name": "Not_A_Name"})
    with pytest.raises(Exception, match="its template rendered to nothing"):
        worker.run(worker.task(pod_settings={"suspend": "{{ params.name }}"}), params={"name": ""})
    assert not worker.store.held


@pytest.mark.parametrize("ttl", [timedelta(minutes=5), 300, "300", 0])
def test_a_life_too_short_for_the_task_to_see_the_end_is_refused(ttl: Any) -> None:
    with pytest.raises(DataCubeSpecError, match=r"\.ttl_after_finished: must be 3600 s.*on_finish"):
        PodSettings(ttl_after_finished=ttl)
    assert PodSettings(ttl_after_finished=timedelta(hours=1)).to_manifest() == {
        "ttlSecondsAfterFinished": 3600
    }


def test_it_is_refused_wherever_it_comes_from(worker: Worker, manifest: dict[str, Any]) -> None:
    short = {ANNOTATIONS["ttl_seconds_after_finished"]: "60"}
    with pytest.raises(DataCubeSpecError, match=r"annotations\[.*must be 3600 seconds or more"):
        worker.task(manifest={**manifest, "metadata": {"annotations": short}})
    with pytest.raises(DataCubeSpecError, match=r"pod_settings\..*must be 3600 seconds or more"):
        worker.task(pod_settings={"ttlSecondsAfterFinished": 60})
    with pytest.raises(Exception, match=r"pod_settings\..*must be 3600 seconds or more"):
        worker.run(worker.task(pod_settings={"ttlSecondsAfterFinished": "{{ 60 }}"}))
    assert not worker.store.held


def test_a_result_of_another_task_is_told_where_to_go() -> None:
    @task
    def choose() -> str:
        return "s3cret"

    with DAG("etl", schedule=None), pytest.raises(TypeError, match=r"@task\.datacube") as caught:
        PodSettings(node_selector={"pool": choose()})
    assert "pod_settings.node_selector.pool" in str(caught.value)


def test_a_function_decides_too(store: Any, fakes: ModuleType) -> None:
    create = store.create
    store.create = lambda manifest: create({**manifest, "status": fakes.COMPLETE})

    def fetch() -> dict[str, Any]:
        source, sink = Git(url="https://git.example.org/a/repo.git"), PVC("data")
        return {"source": source, "sink": sink, "pod_settings": PodSettings(suspend=False)}

    with DAG("etl", schedule=None):
        default = PodSettings(service_account="transfers")
        operator = datacube_task(fetch, pod_settings=default)().operator
    operator.hook = store
    operator.execute({"ti": TaskInstance()})
    (cube,) = store.held.values()
    assert said(cube["metadata"]["annotations"]) == {"suspend": False}
