from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import CLAIMS, CONFIG_MAPS, EVENTS, SECRETS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

MEBI = 1 << 20


def causes(registry: Registry, resource: Resource, obj: dict[str, Any]) -> list[dict[str, str]]:
    with pytest.raises(ApiStatusError) as caught:
        registry.create(resource, "default", {"metadata": {"name": "a"}, **obj})
    found: list[dict[str, str]] = caught.value.details["causes"]
    return found


def test_a_mebibyte_is_the_most_that_a_config_map_holds(registry: Registry) -> None:
    bag = base64.b64encode(b"x" * 10).decode()
    full = {"data": {"t": "x" * (MEBI - 10)}, "binaryData": {"b": bag}}
    registry.create(CONFIG_MAPS, "default", {"metadata": {"name": "full"}, **full})
    full["data"]["t"] += "x"
    assert [c["reason"] for c in causes(registry, CONFIG_MAPS, full)] == ["FieldValueTooLong"]


def test_a_mebibyte_is_the_most_that_a_secret_holds(registry: Registry) -> None:
    registry.create(
        SECRETS, "default", {"metadata": {"name": "full"}, "stringData": {"k": "x" * MEBI}}
    )
    found = causes(registry, SECRETS, {"stringData": {"k": "x" * (MEBI + 1)}})
    assert [(c["reason"], c["field"]) for c in found] == [("FieldValueTooLong", "data")]


@pytest.mark.parametrize("text", ["canary", "[canary]", '{"a" canary', '{"canary', ""])
def test_a_bad_docker_config_is_not_repeated(registry: Registry, text: str) -> None:
    secret = {
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": text},
    }
    (cause,) = causes(registry, SECRETS, secret)
    assert cause["field"] == "data[.dockerconfigjson]"
    assert "canary" not in cause["message"]


def test_bytes_of_an_immutable_config_map_stay(registry: Registry) -> None:
    frozen = {"metadata": {"name": "f"}, "binaryData": {"b": "eA=="}, "immutable": True}
    registry.create(CONFIG_MAPS, "default", frozen)
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(CONFIG_MAPS, "default", "f", {"binaryData": {"b": "eQ=="}})
    assert [c["field"] for c in caught.value.details["causes"]] == ["binaryData"]


def test_a_bound_claim_does_not_shrink_to_what_it_has(registry: Registry, claim: Any) -> None:
    registry.create(CLAIMS, "default", claim("data"))
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    registry.patch(CLAIMS, "default", "data", bound, subresource="status")
    smaller = {"spec": {"resources": {"requests": {"storage": "1Mi"}}}}
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(CLAIMS, "default", "data", smaller)
    (cause,) = caught.value.details["causes"]
    assert cause["field"] == "spec.resources.requests.storage"


def test_an_event_in_new_words_has_short_texts(registry: Registry) -> None:
    event = {
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "involvedObject": {"kind": "Node", "name": "n"},
        "reportingComponent": "example.org/c",
        "reportingInstance": "i" * 129,
        "action": "a" * 129,
        "reason": "r" * 129,
        "message": "m" * 1025,
    }
    fields = [cause["field"] for cause in causes(registry, EVENTS, event)]
    assert fields == ["reportingInstance", "action", "reason", "message"]
