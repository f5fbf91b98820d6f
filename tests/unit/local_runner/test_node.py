from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.cluster import NODES, Objects
from datacube_runtime.local.pods.node import report
from datacube_runtime.local.pods.placement import this_node
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[Objects]:
    store = Store(tmp_path / "state.db")
    yield Objects(Registry(store))
    store.close()


def the_node(objects: Objects) -> dict[str, Any]:
    (found,) = objects.list(NODES)
    return found


def test_the_node_is_where_pods_are_put(objects: Objects, tmp_path: Path) -> None:
    report(objects, tmp_path, NOW)
    found = the_node(objects)
    assert found["metadata"]["name"] == this_node().name
    assert found["metadata"]["labels"] == dict(this_node().labels)


def test_the_node_is_ready_and_under_no_pressure(objects: Objects, tmp_path: Path) -> None:
    report(objects, tmp_path, NOW)
    said = {c["type"]: c["status"] for c in the_node(objects)["status"]["conditions"]}
    assert said.pop("Ready") == "True"
    assert set(said.values()) == {"False"}


def test_the_node_has_what_the_machine_has(objects: Objects, tmp_path: Path) -> None:
    report(objects, tmp_path, NOW)
    status = the_node(objects)["status"]
    assert int(status["capacity"]["cpu"]) >= 1
    assert int(status["capacity"]["memory"].removesuffix("Ki")) > 1024
    assert status["allocatable"] == status["capacity"]
    assert status["nodeInfo"]["operatingSystem"] == this_node().labels["kubernetes.io/os"]


def test_a_later_report_moves_the_heartbeat_alone(objects: Objects, tmp_path: Path) -> None:
    report(objects, tmp_path, NOW)
    first = the_node(objects)
    report(objects, tmp_path, NOW + timedelta(minutes=5))
    second = the_node(objects)
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    for condition in second["status"]["conditions"]:
        assert condition["lastHeartbeatTime"] == "2026-01-01T00:05:00Z"
        assert condition["lastTransitionTime"] == "2026-01-01T00:00:00Z"
