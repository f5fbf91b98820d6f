from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.cluster import EVENTS, Objects
from datacube_runtime.local.events import Happening, Recorder, Source
from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import NotStoredError, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KUBELET = Source("kubelet", "node")
SCHEDULER = Source("default-scheduler", "host", is_new=True)
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"namespace": "default", "name": "p", "uid": "u", "resourceVersion": "7"},
}
STARTED = Happening("Started", "Container started", field_path="spec.containers{c}")
UNBOUND = Happening("FailedScheduling", "no place", is_warning=True, action="Scheduling")


@dataclass
class World:
    """A recorder over a registry, and the time."""

    store: Store
    now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    objects: Objects = field(init=False)
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        registry = Registry(self.store, now=lambda: self.now)
        self.objects = Objects(registry)
        self.recorder = Recorder(self.objects, lambda: self.now)

    def told(self) -> list[dict[str, Any]]:
        return self.objects.list(EVENTS)

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = Store(tmp_path / "state.db")
    yield World(store)
    store.close()


def test_the_kubelet_tells_in_the_older_shape(world: World) -> None:
    world.recorder.tell(KUBELET, POD, STARTED)
    (event,) = world.told()
    assert event["metadata"]["name"].startswith("p.")
    assert event["involvedObject"] == {
        "kind": "Pod",
        "namespace": "default",
        "name": "p",
        "uid": "u",
        "apiVersion": "v1",
        "resourceVersion": "7",
        "fieldPath": "spec.containers{c}",
    }
    assert (event["type"], event["reason"]) == ("Normal", "Started")
    assert event["message"] == "Container started"
    assert (event["count"], event["firstTimestamp"]) == (1, "2026-11-23T12:00:00Z")
    assert event["source"] == {"component": "kubelet", "host": "node"}
    assert (event["reportingComponent"], event["reportingInstance"]) == ("kubelet", "node")


def test_the_scheduler_tells_in_the_newer_shape(world: World) -> None:
    world.recorder.tell(SCHEDULER, POD, UNBOUND)
    (event,) = world.told()
    assert (event["type"], event["action"]) == ("Warning", "Scheduling")
    assert event["eventTime"] == "2026-11-23T12:00:00.000000Z"
    assert "count" not in event
    assert "series" not in event
    world.pass_s(30)
    world.recorder.tell(SCHEDULER, POD, UNBOUND)
    (event,) = world.told()
    seen = {"count": 2, "lastObservedTime": "2026-11-23T12:00:30.000000Z"}
    assert event["series"] == seen


def test_what_is_said_again_is_counted(world: World) -> None:
    for _ in range(3):
        world.recorder.tell(KUBELET, POD, STARTED)
        world.pass_s(11)
    (event,) = world.told()
    assert event["count"] == 3
    assert event["firstTimestamp"] == "2026-11-23T12:00:00Z"
    assert event["lastTimestamp"] == "2026-11-23T12:00:22Z"


def test_what_is_said_again_at_once_is_not_written(world: World) -> None:
    world.recorder.tell(KUBELET, POD, STARTED)
    (before,) = world.told()
    world.pass_s(1)
    world.recorder.tell(KUBELET, POD, STARTED)
    assert world.told() == [before]


def test_the_same_of_a_namesake_is_something_else(world: World) -> None:
    namesake = {**POD, "metadata": {**POD["metadata"], "uid": "other"}}
    world.recorder.tell(KUBELET, POD, STARTED)
    world.recorder.tell(KUBELET, namesake, STARTED)
    assert sorted(event["involvedObject"]["uid"] for event in world.told()) == ["other", "u"]


def test_many_that_differ_by_a_word_become_one(world: World) -> None:
    for number in range(30):
        world.recorder.tell(KUBELET, POD, Happening("SuccessfulCreate", f"Created pod: {number}"))
    told = world.told()
    assert len(told) == 11
    combined = [event for event in told if event["message"].startswith("(combined")]
    assert [event["message"] for event in combined] == [
        "(combined from similar events): Created pod: 29"
    ]
    assert combined[0]["count"] == 20


def test_similar_ones_are_told_apart_again_after_a_while(world: World) -> None:
    for number in range(11):
        world.recorder.tell(KUBELET, POD, Happening("SuccessfulCreate", str(number)))
    world.pass_s(601)
    world.recorder.tell(KUBELET, POD, Happening("SuccessfulCreate", "later"))
    assert "later" in [event["message"] for event in world.told()]


def test_one_that_was_deleted_is_written_anew(world: World) -> None:
    world.recorder.tell(KUBELET, POD, STARTED)
    world.objects.delete(EVENTS, world.told()[0])
    world.pass_s(11)
    world.recorder.tell(KUBELET, POD, STARTED)
    (event,) = world.told()
    assert event["count"] == 1


def test_they_are_kept_for_an_hour(world: World) -> None:
    world.recorder.tell(KUBELET, POD, STARTED)
    world.recorder.tell(SCHEDULER, POD, UNBOUND)
    timeless = {"metadata": {"name": "timeless"}, "involvedObject": {}}
    world.objects.create(EVENTS, "default", timeless)
    world.pass_s(3599)
    world.recorder.tell(SCHEDULER, POD, UNBOUND)  # seen again: it stays
    world.recorder.sweep()
    assert len(world.told()) == 3
    world.pass_s(2)
    world.recorder.sweep()
    assert [event["reason"] for event in world.told()] == ["FailedScheduling"]


class Full(Registry):
    """Has no room for anything, and says so in one way or the other."""

    error: Exception

    def create(self, *_args: Any, **_kwargs: Any) -> dict[str, Any]:
        raise self.error


@pytest.mark.parametrize(
    "error", [ApiStatusError(507, "InternalError", "disk full"), NotStoredError("disk full")]
)
def test_one_that_cannot_be_written_is_dropped(
    world: World, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.INFO)
    registry = Full(world.store)
    registry.error = error
    Recorder(Objects(registry), lambda: world.now).tell(KUBELET, POD, STARTED)
    assert "A Kubernetes Event (Started) could not be written: disk full" in caplog.text
    assert world.told() == []


def test_a_long_name_leaves_room_for_the_number(world: World) -> None:
    pod = {**POD, "metadata": {**POD["metadata"], "name": "p" * 253}}
    world.recorder.tell(KUBELET, pod, STARTED)
    assert len(world.told()[0]["metadata"]["name"]) == 253
