from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.apiserver.tables.cells import age
from datacube_runtime.local.apiserver.tables.jsonpaths import read_path
from datacube_runtime.local.apiserver.tables.rendering import table
from datacube_runtime.local.registry.resources import BUILT_IN, EVENTS, JOBS, PODS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

Make = Any
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-60, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (7 * 3600 + 60, "7h1m"),
        (8 * 3600, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (8 * 86400, "8d"),
        (729 * 86400, "729d"),
        (731 * 86400, "2y1d"),
        (8 * 365 * 86400, "8y"),
    ],
)
def test_ages_are_written_as_kubectl_writes_them(seconds: int, text: str) -> None:
    since = (NOW - timedelta(seconds=seconds)).isoformat()
    assert age(since, NOW) == text


OBJECT = {
    "status": {
        "list": [{"type": "A", "reason": "x"}, {"type": "B", "reason": "y"}],
        "a.b/c": 1,
        "zero": 0,
    }
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".status.zero", 0),
        (".status.list[1].reason", "y"),
        (".status.list[*].reason", "x"),
        (".status.list[?(@.type=='B')].reason", "y"),
        ('.status.list[?(@.type == "A")].reason', "x"),
        (r".status.a\.b/c", 1),
        (".status['a.b/c']", 1),
        ("{.status.zero}", 0),
        (".status.missing.deeper", None),
        (".status.list[7]", None),
        (".status.list[?(@.type=='C')].reason", None),
        (".status..list", None),
    ],
)
def test_json_paths_of_columns_are_read(path: str, expected: Any) -> None:
    assert read_path(path, OBJECT) == expected


def test_columns_of_a_custom_resource_come_from_its_definition(
    registry: Registry, cubes: Resource, cube: Make
) -> None:
    made = registry.create(cubes, "default", cube("a"))
    shown = table(cubes, registry.columns(cubes), [made], {"resourceVersion": "1"}, NOW)
    names = [column["name"] for column in shown["columnDefinitions"]]
    cells = dict(zip(names, shown["rows"][0]["cells"], strict=True))
    assert cells["Name"] == "a"
    assert (cells["Source"], cells["Sink"], cells["Age"]) == ("git", "pvc", "0s")


def test_every_built_in_kind_has_a_cell_for_each_column() -> None:
    bare = {
        "metadata": {"name": "x", "creationTimestamp": NOW.isoformat()},
        "spec": {"containers": [{}]},
        "status": {},
    }
    for resource in BUILT_IN:
        shown = table(resource, [], [bare], {}, NOW)
        assert len(shown["rows"][0]["cells"]) == len(shown["columnDefinitions"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Running"}, "Running"),
        ({"phase": "Failed", "reason": "DeadlineExceeded"}, "DeadlineExceeded"),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "CreateContainerError"}}}]},
            "CreateContainerError",
        ),
        ({"containerStatuses": [{"state": {"terminated": {"reason": "Error"}}}]}, "Error"),
    ],
)
def test_a_pods_status_says_why_it_does_not_run(status: Any, expected: str, pod: Make) -> None:
    obj = {**pod("p"), "status": status}
    cells = table(PODS, [], [obj], {}, NOW)["rows"][0]["cells"]
    assert cells[2] == expected


def test_a_finished_job_shows_how_long_it_took(job: Make) -> None:
    status = {
        "succeeded": 1,
        "conditions": [{"type": "Complete", "status": "True"}],
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:01:00Z",
    }
    cells = table(JOBS, [], [{**job("j"), "status": status}], {}, NOW)["rows"][0]["cells"]
    assert cells[1:4] == ["Complete", "1/1", "60s"]


def test_an_event_shows_whom_it_is_about() -> None:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec"},
        "reason": "Started",
        "message": "hello",
        "type": "Normal",
        "source": {"component": "kubelet", "host": "node"},
        "lastTimestamp": NOW.isoformat(),
    }
    shown = table(EVENTS, [], [event], {}, NOW)
    by_width: tuple[list[Any], list[Any]] = ([], [])
    for column, cell in zip(shown["columnDefinitions"], shown["rows"][0]["cells"], strict=True):
        by_width[column["priority"]].append(cell)
    assert by_width[0] == ["0s", "Normal", "Started", "pod/p", "hello"]
    assert by_width[1] == ["spec", "kubelet, node", "<unknown>", 1, "e"]


def test_an_event_in_new_words_shows_its_reporter_and_its_series() -> None:
    event = {
        "metadata": {"name": "e"},
        "eventTime": NOW.isoformat(),
        "source": {},
        "reportingComponent": "a.b/c",
        "series": {"count": 7},
    }
    cells = table(EVENTS, [], [event], {}, NOW)["rows"][0]["cells"]
    assert cells[-4:] == ["", "0s", 7, "e"]
    assert "a.b/c" in cells
