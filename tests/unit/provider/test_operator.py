from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_datacube._events import Ending, to_error_event, to_event
from airflow_provider_datacube.models import PVC, Git, HuggingFace, SecretRef
from datacube_api import errors
from tests.unit.provider.worker import failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from datacube_api.reference import CubeRef
    from tests.unit.provider.worker import Worker


def test_a_transfer_returns_where_the_data_is(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None]
) -> None:
    finish({**fakes.COMPLETE, "result": {"revision": "abc"}})
    made = worker.run(worker.task())
    assert made == {
        "namespace": "default",
        "name": worker.ref.name,
        "uid": worker.ref.uid,
        "source": "https://git.example.org/a/repo.git",
        "sink": "pvc://default/data/code",
        "pvc": "data",
        "sub_path": "code",
        "pod": "",
        "attempts": None,
        "bytes": None,
        "files": None,
        "revision": "abc",
        "durations": {"waiting": None, "transfer": None, "total": None},
        "result": {"revision": "abc"},
    }
    assert json.loads(json.dumps(made)) == made


def test_a_transfer_that_is_waited_for_returns_the_same(worker: Worker, fakes: ModuleType) -> None:
    class Ended(fakes.Store):  # type: ignore[name-defined, misc]  # loaded by path
        def wait(self, ref: CubeRef, **how: Any) -> Any:
            self.set_status(ref, fakes.COMPLETE)
            return super().wait(ref, **how)

    worker.store = Ended()
    assert worker.run(worker.task())["name"] == worker.ref.name


def test_a_finished_one_is_not_deferred_for(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None]
) -> None:
    finish(fakes.COMPLETE)
    assert worker.run(worker.task(deferrable=True))["pvc"] == "data"


def test_a_deferred_task_knows_what_to_wait_for(worker: Worker) -> None:
    task = worker.task(
        deferrable=True, timeout=timedelta(minutes=2), on_kill_action="keep_datacube"
    )
    with pytest.raises(TaskDeferred) as deferred:
        worker.run(task)
    _, stored = deferred.value.trigger.serialize()
    assert stored.pop("deadline") == pytest.approx(time.time() + 120, abs=30)
    assert stored == {
        "namespace": "default",
        "name": worker.ref.name,
        "uid": worker.ref.uid,
        "kubernetes_conn_id": "kubernetes_default",
        "poll_interval": 5.0,
        "timeout_s": 120.0,
        "on_kill_action": "keep_datacube",
        "logging_interval": 30.0,
    }
    assert deferred.value.method_name == "execute_complete"


def test_one_who_wants_no_log_is_not_shown_any(worker: Worker) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        worker.run(worker.task(deferrable=True, get_logs=False))
    assert deferred.value.trigger.serialize()[1]["logging_interval"] == 0


@pytest.mark.parametrize(
    ("timeout", "execution_timeout", "shortest"),
    [(None, None, 0.0), (90, None, 90.0), (None, 60, 60.0), (90, 60, 60.0), (30, 60, 30.0)],
)
def test_the_shortest_timeout_counts_while_deferred(
    worker: Worker, timeout: float | None, execution_timeout: int | None, shortest: float
) -> None:
    limit = None if execution_timeout is None else timedelta(seconds=execution_timeout)
    task = worker.task(deferrable=True, timeout=timeout, execution_timeout=limit)
    with pytest.raises(TaskDeferred) as deferred:
        worker.run(task)
    assert deferred.value.trigger.serialize()[1]["timeout_s"] == shortest
    assert (deferred.value.trigger.serialize()[1]["deadline"] is None) == (shortest == 0.0)


def test_a_retry_after_a_crash_adopts(worker: Worker) -> None:
    for number in (1, 2):
        worker.ti.try_number = number
        with pytest.raises(TaskDeferred):
            worker.run(worker.task(deferrable=True))
    assert len(worker.store.held) == 1


def test_an_ending_is_judged_after_the_deferral(worker: Worker, fakes: ModuleType) -> None:
    with pytest.raises(TaskDeferred):
        worker.run(worker.task(deferrable=True))
    worker.store.set_status(worker.ref, fakes.COMPLETE)
    event = to_event(Ending.of(worker.store.read(worker.ref)))
    assert worker.resume(worker.task(), event)["name"] == worker.ref.name


@pytest.mark.parametrize("phase", ["Pending", "Running", "Failed", "Splendid"])
def test_only_success_is_success(worker: Worker, manifest: dict[str, Any], phase: str) -> None:
    cube = {**manifest, "metadata": {"namespace": "default", "name": "x", "uid": "u"}}
    event = to_event(Ending.of(cube))
    event["outcome"]["phase"] = phase
    with pytest.raises(errors.DataCubeError):
        worker.resume(worker.task(), event)


def test_a_failure_tells_why(worker: Worker, finish: Callable[..., None]) -> None:
    finish(failed("NetworkError"))
    with pytest.raises(
        errors.DataCubeFailedError, match=r"default/etl-fetch-\w+ failed: NetworkError: it broke"
    ) as caught:
        worker.run(worker.task())
    assert (caught.value.reason, caught.value.pod) == ("NetworkError", "pod-1")


def test_a_failure_that_a_retry_cannot_mend_fails_the_task(
    worker: Worker, finish: Callable[..., None]
) -> None:
    finish(failed("AuthenticationFailed"))
    with pytest.raises(AirflowFailException, match="it broke"):
        worker.run(worker.task())


def test_a_name_of_somebody_else_fails_the_task(worker: Worker, manifest: dict[str, Any]) -> None:
    worker.store.create({**manifest, "metadata": {"namespace": "default", "name": "mine"}})
    with pytest.raises(AirflowFailException, match="was not made by an Airflow task"):
        worker.run(worker.task(name="mine"))


def test_a_fault_that_passes_is_waited_out(worker: Worker) -> None:
    later = errors.DataCubeUnavailableError("later", 503)
    worker.store.refuse("create", later, later)
    with pytest.raises(TaskDeferred):
        worker.run(worker.task(deferrable=True))
    worker.store.refuse("create", later, later, later)
    with pytest.raises(errors.DataCubeUnavailableError):
        worker.run(worker.task())


@pytest.mark.parametrize(("action", "left"), [("delete_datacube", 0), ("keep_datacube", 1)])
def test_a_timeout_cancels(worker: Worker, action: str, left: int) -> None:
    with pytest.raises(TaskDeferred):
        worker.run(worker.task(deferrable=True))
    event = to_error_event(worker.ref, errors.DataCubeTimeoutError(worker.ref, 60))
    with pytest.raises(errors.DataCubeTimeoutError, match="within 60 seconds"):
        worker.resume(worker.task(on_kill_action=action), event)
    assert len(worker.store.held) == left


@pytest.mark.parametrize(("action", "left"), [("delete_datacube", 0), ("keep_datacube", 1)])
def test_a_kill_on_the_worker_cancels(worker: Worker, action: str, left: int) -> None:
    task = worker.task(deferrable=True, on_kill_action=action)
    with pytest.raises(TaskDeferred):
        worker.run(task)
    task.on_kill()
    assert len(worker.store.held) == left


def test_a_kill_that_fails_hides_nothing(worker: Worker) -> None:
    task = worker.task(deferrable=True)
    with pytest.raises(TaskDeferred):
        worker.run(task)
    worker.store.refuse("delete", errors.DataCubeForbiddenError("may not", 403))
    task.on_kill()
    assert len(worker.store.held) == 1


def test_templates_are_rendered_everywhere(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None]
) -> None:
    finish(fakes.COMPLETE)
    task = worker.task(
        source=Git(url="https://git.example.org/{{ repo }}.git", token=SecretRef("git", "token")),
        sink=PVC("ws-{{ day }}", sub_path="{{ repo }}"),
        name="fetch-{{ day }}",
        namespace="{{ team }}",
    )
    made = worker.run(task, repo="a/b", day="20261101", team="ml")
    assert (made["namespace"], made["name"]) == ("ml", "fetch-20261101")
    assert (made["pvc"], made["sub_path"]) == ("ws-20261101", "a/b")


def test_a_file_name_in_an_option_is_no_template_file(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None]
) -> None:
    finish(fakes.COMPLETE)
    worker.run(worker.task(source=HuggingFace(repo="a/b", files="{{ x }}.json,config.yaml")), x="m")
    (cube,) = worker.store.held.values()
    assert cube["spec"]["source"]["options"][1]["value"] == "m.json,config.yaml"


def test_yaml_text_is_a_manifest(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None]
) -> None:
    finish(fakes.COMPLETE)
    text = (
        "apiVersion: tensorstack.dev/v1beta1\nkind: DataCube\nmetadata: {namespace: ml}\nspec:\n"
        "  sink: {type: pvc, pvc: {name: data}}\n  source:\n    type: huggingface\n    options:\n"
        "      - {name: repo, value: '{{ repo }}'}\n      - name: files\n        value: config.yaml"
    )
    assert worker.run(worker.task(manifest=text), repo="a/b")["namespace"] == "ml"


def test_a_template_that_rendered_to_nothing_fails_the_task(worker: Worker) -> None:
    with pytest.raises(AirflowFailException, match=r"source.options\[0\].value: its template"):
        worker.run(worker.task(source=Git(url="{{ params_are_missing }}")))
    assert worker.store.asked == []


def test_a_mistake_breaks_the_parsing_of_the_dag(worker: Worker) -> None:
    with pytest.raises(errors.DataCubeSpecError, match="exactly one of source and sink"):
        worker.task(source=PVC("other"))


def test_another_spec_of_an_earlier_try_is_told(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, sub_path in ((1, "a"), (2, "b")):
        worker.ti.try_number = number
        with pytest.raises(TaskDeferred):
            worker.run(worker.task(deferrable=True, sink=PVC("data", sub_path=sub_path)))
    assert "has another spec" in capsys.readouterr().out
