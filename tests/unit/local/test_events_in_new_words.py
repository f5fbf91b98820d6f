from __future__ import annotations

import json
from pathlib import Path

from datacube_runtime.local.apiserver.paths import target
from datacube_runtime.local.apiserver.selectors import selector
from datacube_runtime.local.registry.events import to_core, to_core_fields, to_new
from datacube_runtime.local.registry.resources import EVENTS, NEW_EVENTS, Catalog

# As kube-apiserver 1.36.2 shows one event under both API versions.
CORE = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "x"},
    "reason": "R",
    "message": "m",
    "source": {"component": "c", "host": "h"},
    "firstTimestamp": "2026-01-01T00:00:00Z",
    "lastTimestamp": "2026-01-01T00:00:00Z",
    "count": 3,
    "type": "Normal",
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
NEW = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": {"name": "e"},
    "regarding": {"kind": "Pod", "name": "x"},
    "reason": "R",
    "note": "m",
    "deprecatedSource": {"component": "c", "host": "h"},
    "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
    "deprecatedLastTimestamp": "2026-01-01T00:00:00Z",
    "deprecatedCount": 3,
    "type": "Normal",
    "eventTime": None,
    "reportingController": "",
    "reportingInstance": "",
}


def test_an_event_is_one_object_in_two_wordings() -> None:
    assert to_new(CORE) == NEW
    assert to_core(NEW) == CORE


def test_the_recorded_event_survives_the_way_there_and_back() -> None:
    recorded = json.loads(Path(__file__).with_name("protobuf.json").read_text())
    event = next(pair["json"] for pair in recorded if pair["json"]["kind"] == "Event")
    assert to_new(to_core(event)) == event


def test_a_list_is_told_in_new_words_with_all_its_items() -> None:
    body = {"apiVersion": "v1", "kind": "EventList", "items": [{"message": "m"}]}
    shown = {"apiVersion": "events.k8s.io/v1", "kind": "EventList", "items": [{"note": "m"}]}
    assert to_new(body) == shown


def test_other_documents_about_events_are_left_alone() -> None:
    table = {"apiVersion": "meta.k8s.io/v1", "kind": "Table", "rows": []}
    assert to_new(table) == table


def test_both_paths_lead_to_the_same_events() -> None:
    found = target(Catalog(), "events.k8s.io", "v1", "namespaces/n/events/e")
    assert (found.resource, found.api_version) == (EVENTS, NEW_EVENTS.api_version)
    assert target(Catalog(), "", "v1", "namespaces/n/events/e").api_version == "v1"


def test_field_selectors_are_translated() -> None:
    asked = "regarding.name=x,reportingController=a,metadata.name=regarding.y"
    told = "involvedObject.name=x,reportingComponent=a,metadata.name=regarding.y"
    assert to_core_fields(asked) == told


def test_events_are_selected_by_the_component_of_their_source() -> None:
    wanted = selector(EVENTS, "", "source=kubelet")
    assert wanted is not None
    assert wanted({"metadata": {}, "source": {"component": "kubelet"}})
    assert not wanted({"metadata": {}, "source": {"component": "other"}})
