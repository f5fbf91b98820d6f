from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_datacube._events import Ending, to_event
from datacube_api import errors
from tests.unit.provider.worker import failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.unit.provider.worker import Worker


@pytest.mark.parametrize("action", ["delete_datacube", "delete_succeeded_datacube"])
def test_the_result_is_complete_before_the_datacube_goes(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None], action: str
) -> None:
    finish({**fakes.COMPLETE, "result": {"revision": "abc"}})
    made = worker.run(worker.task(on_finish_action=action))
    assert worker.store.held == {}
    assert (made["name"], made["result"]) == (worker.ref.name, {"revision": "abc"})


def test_a_success_stays_one_though_the_datacube_cannot_be_deleted(
    worker: Worker, fakes: ModuleType, finish: Callable[..., None]
) -> None:
    finish(fakes.COMPLETE)
    worker.store.refuse("delete", errors.DataCubeForbiddenError("may not", 403))
    made = worker.run(worker.task(on_finish_action="delete_datacube"))
    assert worker.store.read(worker.ref)["metadata"]["name"] == made["name"]


def test_a_failure_is_told_before_the_datacube_goes_and_the_retry_begins_anew(
    worker: Worker, finish: Callable[..., None]
) -> None:
    finish(failed("NetworkError"))
    seen = []
    for number in (1, 2):
        worker.ti.try_number = number
        with pytest.raises(errors.DataCubeFailedError, match="it broke"):
            worker.run(worker.task(on_finish_action="delete_datacube"))
        assert worker.store.held == {}
        seen.append(worker.ref)
    assert seen[0].name == seen[1].name
    assert seen[0].uid != seen[1].uid


def test_after_a_deferral_the_datacube_goes_too(worker: Worker, fakes: ModuleType) -> None:
    task = worker.task(deferrable=True, on_finish_action="delete_succeeded_datacube")
    with pytest.raises(TaskDeferred):
        worker.run(task)
    worker.store.set_status(worker.ref, fakes.COMPLETE)
    event = to_event(Ending.of(worker.store.read(worker.ref)))
    assert worker.resume(task, event)["name"] == worker.ref.name
    assert worker.store.held == {}


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("on_kill_action", "keep", "delete_datacube, keep_datacube"),
        ("on_finish_action", "delete_pod", "keep_datacube, delete_datacube, delete_succeeded_da"),
    ],
)
def test_an_action_that_there_is_not_breaks_the_parsing_of_the_dag(
    worker: Worker, argument: str, value: str, words: str
) -> None:
    with pytest.raises(errors.DataCubeSpecError, match=f"{argument}: must be one of {words}"):
        worker.task(**{argument: value})


def test_a_kill_while_the_datacube_is_being_made_leaves_none(worker: Worker) -> None:
    task = worker.task(deferrable=True)
    create = worker.store.create

    def killed(manifest: dict[str, Any]) -> Any:
        made = create(manifest)
        task.on_kill()
        return made

    worker.store.create = killed
    with pytest.raises(errors.DataCubeError, match="killed while DataCube"):
        worker.run(task)
    assert worker.store.held == {}


def test_who_may_not_patch_is_told_what_that_means(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        worker.ti.try_number = number
        worker.store.refuse("patch", errors.DataCubeForbiddenError("may not", 403))
        with pytest.raises(TaskDeferred):
            worker.run(worker.task(deferrable=True))
    assert "is not cancelled when this try is" in capsys.readouterr().out
