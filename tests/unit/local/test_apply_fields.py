from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.local.registry.fields.managed import UPDATE, Author, rewritten, said
from datacube_runtime.local.registry.fields.ownership import (
    compare,
    everything,
    merge,
    stated,
    without,
)
from datacube_runtime.local.registry.fields.sets import difference, intersection, paths, union
from datacube_runtime.local.registry.fields.types import Type, built_in_type, custom_type
from datacube_runtime.local.registry.resources import PODS

SCHEMA = {
    "type": "object",
    "properties": {
        "atomic": {"type": "array", "items": {"type": "string"}},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"properties": {"name": {}, "value": {}}},
        },
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {}}},
        "entries": {"type": "object", "additionalProperties": {"properties": {"a": {}}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
KIND = custom_type(SCHEMA)
STEPS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}'])
SETS = st.recursive(
    st.just({}),
    lambda below: st.builds(
        lambda kept, member: {**kept, ".": {}} if member and kept else kept,
        st.dictionaries(STEPS, below, max_size=3),
        st.booleans(),
    ),
    max_leaves=8,
).map(lambda node: {step: below for step, below in node.items() if step != "."})


def members(fields: dict[str, Any]) -> set[str]:
    return set(paths(fields))


@given(SETS, SETS)
def test_the_algebra_is_that_of_sets(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert members(union(one, other)) == members(one) | members(other)
    assert members(difference(one, other)) == members(one) - members(other)
    assert members(intersection(one, other)) == members(one) & members(other)


@pytest.mark.parametrize(
    ("value", "claim"),
    [
        ({"atomic": ["a"]}, {"f:atomic": {}}),
        ({"set": ["a"]}, {"f:set": {'v:"a"': {}}}),
        ({"set": []}, {}),
        ({"map": [{"name": "x"}]}, {"f:map": {'k:{"name":"x"}': {".": {}, "f:name": {}}}}),
        ({"whole": {"a": 1}}, {"f:whole": {}}),
        ({"entries": {"e": {"a": 1}}}, {"f:entries": {"f:e": {".": {}, "f:a": {}}}}),
        ({"entries": {}}, {"f:entries": {}}),
        ({"free": {"a": {"b": [1]}}}, {"f:free": {"f:a": {".": {}, "f:b": {}}}}),
    ],
)
def test_the_schema_says_what_is_one_piece(value: dict[str, Any], claim: dict[str, Any]) -> None:
    assert stated(KIND, value) == claim


def test_an_update_owns_containers_too() -> None:
    below = {".": {}, 'v:"a"': {}}
    assert everything(KIND, {"set": ["a"]}) == {".": {}, "f:set": below}


def test_ports_are_known_by_number_and_protocol() -> None:
    ports = [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]
    spec = {"spec": {"containers": [{"name": "c", "ports": ports}]}}
    found = set(paths(stated(built_in_type(PODS), spec)))
    assert '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"]' in found
    assert '.spec.containers[name="c"].ports[containerPort=80,protocol="UDP"]' in found


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("ab", "ab", "ab"),
        ("ab", "ba", "ba"),
        ("abc", "b", "abc"),
        ("ab", "c", "abc"),
        ("abc", "ca", "bca"),
    ],
)
def test_items_come_in_the_applied_order(live: str, applied: str, merged: str) -> None:
    assert merge(KIND, {"set": [*live]}, {"set": [*applied]}) == {"set": [*merged]}


def test_a_change_is_told_field_by_field() -> None:
    old = {"map": [{"name": "x", "value": 1}, {"name": "y"}], "atomic": ["a"]}
    new = {"map": [{"name": "x", "value": 2}], "atomic": ["b"], "set": ["s"]}
    touched, removed = compare(KIND, old, new)
    assert members(touched) == {".atomic", '.map[name="x"].value', ".set", '.set[="s"]'}
    assert members(removed) == {'.map[name="y"]', '.map[name="y"].name'}


def test_removing_leaves_what_is_not_meant() -> None:
    value = {"map": [{"name": "x", "value": 1}, {"name": "y"}], "entries": {"a": 1}}
    gone = {"f:map": {'k:{"name":"x"}': {"f:value": {}}, 'k:{"name":"y"}': {}}, "f:entries": {}}
    assert without(KIND, value, gone) == {"map": [{"name": "x"}]}


def test_plain_types_divide_no_lists() -> None:
    assert stated(Type(), {"a": [{"name": "x"}]}) == {"f:a": {}}


def test_of_too_many_updaters_the_oldest_become_one() -> None:
    entries: list[dict[str, Any]] = []
    for number in range(12):
        author = Author(f"m{number:02}", UPDATE, "v1")
        time = f"2026-01-01T00:00:{number:02}Z"
        entries = rewritten(entries, author, ({f"f:{number}": {}}, {}), time)
    assert len(entries) == 10
    (ancient,) = [entry for entry in entries if entry["manager"] == "ancient-changes"]
    assert ancient["fieldsV1"] == {"f:0": {}, "f:1": {}, "f:2": {}}


def test_clients_may_write_the_owners_but_not_nonsense() -> None:
    live = [Author("m", UPDATE, "v1").entry({"f:a": {}}, "2026-01-01T00:00:00Z")]
    ours = [{**live[0], "manager": "n", "time": "2026-01-01T01:00:00+01:00"}]
    assert said(ours, live) == [{**live[0], "manager": "n"}]
    assert said([{}], live) == []
    for nonsense in (None, [], "x", [{"operation": "Foo"}], [{**live[0], "fieldsV1": {"x": 1}}]):
        assert said(nonsense, live) == live
