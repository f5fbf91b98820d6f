from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_provider_datacube._events import Ending, to_event
from airflow_provider_datacube.assets.datacube import asset_of, sanitize_uri, to_openlineage
from airflow_provider_datacube.models import PVC, S3, Git, HuggingFace, SecretRef
from tests.unit.provider.worker import failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.unit.provider.worker import Worker

DONE = {"result": {"bytes": 3, "files": 2, "commit": "abc"}}
SINK = "pvc://default/data/code"
SOURCE = ("https://git.example.org", "a/repo.git")


@pytest.fixture
def events() -> OutletEventAccessors:
    return OutletEventAccessors()


@pytest.fixture
def done(fakes: ModuleType, finish: Callable[..., None]) -> None:
    finish({**fakes.COMPLETE, **DONE})


def datasets(told: Any) -> list[tuple[str, str]]:
    return [(dataset.namespace, dataset.name) for dataset in told]


@pytest.mark.usefixtures("done")
def test_an_alias_is_told_of_the_sinks_asset(worker: Worker, events: OutletEventAccessors) -> None:
    task = worker.task(outlets=[AssetAlias("models")])
    worker.run(task, outlet_events=events)
    (event,) = events[AssetAlias("models")].asset_alias_events
    assert event.dest_asset_key.uri == SINK
    assert event.extra == {
        "datacube": f"default/{worker.ref.name}",
        "source": "https://git.example.org/a/repo.git",
        "revision": "abc",
        "bytes": 3,
        "files": 2,
    }


def test_after_a_deferral_too(
    worker: Worker, fakes: ModuleType, events: OutletEventAccessors
) -> None:
    task = worker.task(outlets=[AssetAlias("models")], deferrable=True)
    with pytest.raises(TaskDeferred):
        worker.run(task)
    worker.store.set_status(worker.ref, fakes.COMPLETE)
    told = to_event(Ending.of(worker.store.read(worker.ref)))
    worker.resume(task, told, outlet_events=events)
    assert len(events[AssetAlias("models")].asset_alias_events) == 1


@pytest.mark.usefixtures("done")
def test_the_event_of_the_sinks_own_asset_gets_the_facts_and_no_others(
    worker: Worker, events: OutletEventAccessors
) -> None:
    own = asset_of(PVC("data", sub_path="code"), namespace="default")
    other = Asset("pvc://default/other")
    worker.run(worker.task(outlets=[own, other]), outlet_events=events)
    assert own.uri == SINK
    assert events[own].extra["revision"] == "abc"
    assert events[other].extra == {}


def test_a_failure_makes_no_event(
    worker: Worker, finish: Callable[..., None], events: OutletEventAccessors
) -> None:
    finish(failed("NetworkError"))
    with pytest.raises(Exception, match="it broke"):
        worker.run(worker.task(outlets=[AssetAlias("models")]), outlet_events=events)
    assert events[AssetAlias("models")].asset_alias_events == []


@pytest.mark.parametrize(
    ("sink", "why"),
    [
        (PVC("data", sub_path="/".join(["long" * 50] * 9)), r"has 18\d\d characters, and Airflow"),
        (Git(url=SecretRef("s", "url")), "stands in a Secret or depends on a variable"),
    ],
)
@pytest.mark.usefixtures("done")
def test_an_alias_that_cannot_be_told_of_the_sink_fails_no_transfer_and_says_why(
    worker: Worker,
    events: OutletEventAccessors,
    capsys: pytest.CaptureFixture[str],
    sink: PVC | Git,
    why: str,
) -> None:
    source = PVC("data") if isinstance(sink, Git) else Git(url="https://git.example.org/a/b.git")
    task = worker.task(source=source, sink=sink, outlets=[AssetAlias("models")])
    assert worker.run(task, outlet_events=events)["name"] == worker.ref.name
    assert events[AssetAlias("models")].asset_alias_events == []
    assert re.search(f"alias models gets no event: the .*{why}", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("end", "uri"),
    [
        (PVC("data", sub_path="a/b c"), "pvc://ml/data/a/b%20c"),
        (PVC("data"), "pvc://ml/data"),
        (S3(uri="s3://bucket/key/"), "s3://bucket/key"),
        (S3(uri="s3://bucket"), "s3://bucket/"),
        (HuggingFace(repo="org/model"), "hf://org/model"),
        (HuggingFace(repo="gpt2"), "hf://gpt2/"),
        (Git(url="https://Git.example.org/a.git"), "https://git.example.org/a.git"),
        (Git(url="https://git.example.org/a.git").to_manifest(), "https://git.example.org/a.git"),
    ],
)
def test_airflow_leaves_the_uri_of_an_end_as_it_is(end: Any, uri: str) -> None:
    assert asset_of(end, namespace="ml").uri == uri


@pytest.mark.parametrize(
    "end", [PVC("data-{{ ds }}"), Git(url=SecretRef("s", "k")), S3(uri="{{ params.uri }}")]
)
def test_what_is_not_known_yet_is_no_asset(end: Any) -> None:
    with pytest.raises(ValueError, match="no address that is known now"):
        asset_of(end, namespace="ml")


def test_a_volume_without_a_namespace_is_no_asset() -> None:
    with pytest.raises(ValueError, match="needs a namespace"):
        asset_of(PVC("data"))


@pytest.mark.parametrize("uri", ["pvc://ml", "pvc:///data", "hf://", "hf://token@org/model"])
def test_a_uri_of_our_schemes_that_says_too_little_or_too_much_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="an asset of the scheme"):
        sanitize_uri(urlsplit(uri))


def test_openlineage_is_told_the_ends_before_the_transfer(worker: Worker) -> None:
    told = worker.task(namespace="ml").get_openlineage_facets_on_start()
    assert told is not None
    assert datasets(told.inputs) == [SOURCE]
    assert datasets(told.outputs) == [("pvc://ml", "data/code")]


def test_openlineage_is_told_no_volume_whose_namespace_only_the_connection_knows(
    worker: Worker,
) -> None:
    told = worker.task().get_openlineage_facets_on_start()
    assert told is not None
    assert (datasets(told.inputs), told.outputs) == ([SOURCE], [])
    assert worker.store.asked == []


@pytest.mark.usefixtures("done")
def test_openlineage_is_told_what_came_of_it(worker: Worker) -> None:
    task = worker.task()
    worker.run(task)
    told = task.get_openlineage_facets_on_complete(worker.ti)
    assert told is not None
    (output,) = told.outputs
    assert datasets(told.inputs) == [SOURCE]
    assert datasets(told.outputs) == [("pvc://default", "data/code")]
    statistics = output.outputFacets["outputStatistics"]
    assert (statistics.size, statistics.fileCount) == (3, 2)


def test_openlineage_is_told_of_a_failed_one_what_it_was_to_do(
    worker: Worker, finish: Callable[..., None]
) -> None:
    finish(failed("NetworkError"))
    task = worker.task()
    with pytest.raises(Exception, match="it broke"):
        worker.run(task)
    told = task.get_openlineage_facets_on_complete(worker.ti)
    assert told is not None
    assert datasets(told.outputs) == [("pvc://default", "data/code")]


def test_openlineage_is_told_nothing_of_a_spec_that_is_wrong(worker: Worker) -> None:
    task = worker.task(source=Git(url="{{ params_are_missing }}"))
    task.render_template_fields({})  # type: ignore[typeddict-item]  # what it needs
    assert task.get_openlineage_facets_on_start() is None


def test_an_asset_and_the_end_are_the_same_dataset() -> None:
    dataset = to_openlineage(asset_of(PVC("data"), namespace="ml"), None)
    assert (dataset.namespace, dataset.name) == ("pvc://ml", "data")
