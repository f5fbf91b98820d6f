from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacube_runtime.local.apiserver.protobuf import ProtobufError, UnknownKindError, decode

# The same objects in both formats, as kube-apiserver 1.36.2 answered them.
RECORDED = json.loads(Path(__file__).with_name("protobuf.json").read_text())
# What kubectl 1.37 sends for a `create secret generic s` with token=abc and an empty value.
SECRET = base64.b64decode(
    "azhzAAoMCgJ2MRIGU2VjcmV0EjMKFgoBcxIAGgV0ZWFtYiIAKgAyADgAQgASCQoFZW1wdHkSABIMCgV0b2tlbhIDYWJj"
    "GgAaACIA"
)


def wire(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def body(kind: str, message: bytes = b"") -> bytes:
    return b"k8s\0" + wire(1, wire(1, b"v1") + wire(2, kind.encode())) + wire(2, message)


def without_zeros(value: Any) -> Any:
    """Drop what a real server writes although it is nothing: `resources: {}`, `eventTime: null`."""
    if isinstance(value, list):
        return [without_zeros(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_zeros(item)
        for name, item in value.items()
        if item is not None and not (item == {} and name in ("resources", "deprecatedSource"))
    }


@pytest.mark.parametrize("pair", RECORDED, ids=lambda pair: pair["json"]["kind"])
def test_both_formats_of_a_real_server_are_one_object(pair: dict[str, Any]) -> None:
    assert decode(base64.b64decode(pair["protobuf"])) == without_zeros(pair["json"])


def test_a_secret_of_kubectl_is_read() -> None:
    assert decode(SECRET) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "teamb"},
        "data": {"empty": "", "token": "YWJj"},
    }


def test_a_number_that_is_not_known_is_dropped() -> None:
    assert "data" not in decode(body("ConfigMap", wire(14, b"later")))


def test_numbers_may_be_packed() -> None:
    packed = wire(2, wire(14, wire(4, b"\x01\xf0\xa2\x04")))
    pod = decode(body("Pod", packed))
    assert pod["spec"]["securityContext"]["supplementalGroups"] == [1, 70000]


def test_the_zero_of_a_pointer_is_a_value_and_any_other_is_none() -> None:
    spec = bytes([2 << 3, 0]) + bytes([7 << 3, 0])  # completions: *int32, backoffLimit: *int32
    assert decode(body("Job", wire(2, spec)))["spec"] == {"completions": 0, "backoffLimit": 0}
    container = wire(1, b"") + b"\x80\x01\x00"  # name: string, stdin: bool
    assert decode(body("Pod", wire(2, wire(2, container))))["spec"]["containers"] == [{}]


def test_other_kinds_are_not_read() -> None:
    with pytest.raises(UnknownKindError):
        decode(body("Role"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"k8s\0\xff",
        SECRET[:-20],
        body("Secret", b"\x0b"),  # a group begins: no longer in use
        body("Secret", b"\x08\x01"),  # metadata is no number
        body("Secret", wire(1, wire(1, b"\xff"))),
        body("Job", wire(2, wire(7, b"x"))),  # backoffLimit is no text
        body("Job", wire(2, b"\x08" + b"\xff" * 11)),
    ],
)
def test_damage_is_refused(data: bytes) -> None:
    with pytest.raises(ProtobufError):
        decode(data)


@given(st.binary(max_size=60), st.integers(0, len(SECRET)))
def test_nothing_but_our_own_error_comes_of_nonsense(noise: bytes, at: int) -> None:
    try:
        decode(SECRET[:at] + noise + SECRET[at:])
    except ProtobufError as error:
        assert "abc" not in str(error)  # noqa: PT017 - whether it is raised depends on the noise
