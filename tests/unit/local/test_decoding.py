from __future__ import annotations

from typing import Any

import pytest

from datacube_runtime.local.registry.wire.decoding import decode
from datacube_runtime.local.registry.wire.scalars import DecodingError


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def refusal(struct: str, obj: Any) -> str:
    with pytest.raises(DecodingError) as caught:
        decode(struct, obj)
    return str(caught.value)


def test_unknown_fields_are_dropped_and_told_with_their_places() -> None:
    containers = [{"name": "a"}, {"name": "b", "x": 1, "env": [{"name": "V", "y": 1}]}]
    obj = {**pod(containers=containers, z=1), "w": 1}
    assert decode("Pod", obj) == [
        "spec.containers[1].x",
        "spec.containers[1].env[0].y",
        "spec.z",
        "w",
    ]
    clean = [{"name": "a"}, {"name": "b", "env": [{"name": "V"}]}]
    assert obj == pod(containers=clean)


def test_null_is_absent_but_in_lists_and_maps_empty() -> None:
    obj = pod(nodeName=None, containers=[None], nodeSelector={"a": None})
    assert decode("Pod", obj) == []
    assert obj == pod(containers=[{}], nodeSelector={"a": ""})


@pytest.mark.parametrize(
    ("spec", "value", "place"),
    [
        ({"containers": "x"}, "string", "PodSpec.spec.containers of type []v1.Container"),
        ({"containers": ["x"]}, "string", "PodSpec.spec.containers of type v1.Container"),
        ({"nodeSelector": 5}, "number", "PodSpec.spec.nodeSelector of type map[string]string"),
        ({"nodeSelector": {"a": 5}}, "number", "PodSpec.spec.nodeSelector of type string"),
        ({"priority": 1.5}, "number 1.5", "PodSpec.spec.priority of type int32"),
        ({"priority": 2**31}, "number 2147483648", "PodSpec.spec.priority of type int32"),
        ({"priority": True}, "bool", "PodSpec.spec.priority of type int32"),
        ({"hostNetwork": "yes"}, "string", "PodSpec.spec.hostNetwork of type bool"),
        (
            {"containers": [{"env": [{"value": 1}]}]},
            "number",
            "EnvVar.spec.containers.env.value of type string",
        ),
    ],
)
def test_another_type_is_refused_by_the_innermost_struct(spec: Any, value: str, place: str) -> None:
    words = f"json: cannot unmarshal {value} into Go struct field {place}"
    assert refusal("Pod", pod(**spec)) == words


@pytest.mark.parametrize("number", [0, 2**63 - 1, -(2**63)])
def test_an_int64_holds_what_it_holds(number: int) -> None:
    assert decode("Pod", pod(terminationGracePeriodSeconds=number)) == []


def test_an_int64_holds_no_more() -> None:
    assert "int64" in refusal("Pod", pod(terminationGracePeriodSeconds=2**63))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.987654Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_whole_seconds_of_utc(said: str, written: str) -> None:
    obj = {"metadata": {"creationTimestamp": said}}
    decode("Pod", obj)
    assert obj["metadata"]["creationTimestamp"] == written


def test_the_time_of_a_lease_keeps_its_microseconds() -> None:
    obj = {"spec": {"renewTime": "2026-01-01T00:00:00.5Z"}}
    decode("Lease", obj)
    assert obj["spec"]["renewTime"] == "2026-01-01T00:00:00.500000Z"


@pytest.mark.parametrize(
    "said", ["x", "", "2026-01-01", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+01:00"]
)
def test_a_time_that_is_none_is_refused(said: str) -> None:
    assert refusal("Lease", {"spec": {"renewTime": said}}).startswith(f'parsing time "{said}" as')


@pytest.mark.parametrize(("text", "place"), [("%%", 0), ("YQ=%", 2), ("YWJjZA", 4), ("YWJj*", 4)])
def test_bad_base64_is_told_by_its_place_and_not_repeated(text: str, place: int) -> None:
    assert refusal("Secret", {"data": {"a": text}}) == f"illegal base64 data at input byte {place}"


def test_a_port_is_a_number_or_a_name() -> None:
    for port in (80, "http"):
        probe = {"livenessProbe": {"httpGet": {"port": port}}}
        assert decode("Pod", pod(containers=[probe])) == []
    assert "bool" in refusal(
        "Pod", pod(containers=[{"livenessProbe": {"httpGet": {"port": True}}}])
    )


def test_a_schema_in_a_schema_may_be_a_flag_or_a_schema() -> None:
    schema = {"properties": {"a": {"additionalProperties": False, "items": {"nonsense": 1}}}}
    assert decode("JSONSchemaProps", schema) == ["properties.a.items.nonsense"]
