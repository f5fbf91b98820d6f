from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods.downward import Downward
from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.files import File, files_of

if TYPE_CHECKING:
    from collections.abc import Callable

HELD = {
    ("secrets", "s"): {
        "metadata": {"namespace": "default", "name": "s"},
        "data": {"token": "dA==", "user": "dQ=="},
    },
    ("configmaps", "c"): {
        "metadata": {"namespace": "default", "name": "c"},
        "data": {"run.sh": "exit 0"},
        "binaryData": {"blob": "AAAA"},
    },
}
NAME = {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}
SIZE = {"path": "size", "mode": 0o444, "resourceFieldRef": {"resource": "limits.memory"}}


@pytest.fixture
def read(make_pod: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, File]]:
    def files(**volume: Any) -> dict[str, File]:
        pod = make_pod()
        downward = Downward(pod, pod["spec"]["containers"][0], {"memory": "64"})
        return files_of({"name": "v", **volume}, downward, lambda *key: HELD.get(key))

    return files


def test_all_keys_are_files_of_the_owner(read: Any) -> None:
    assert read(secret={"secretName": "s", "defaultMode": 0o644}) == {
        "token": File(b"t", 0o600),
        "user": File(b"u", 0o600),
    }
    assert read(configMap={"name": "c", "defaultMode": 0o755}) == {
        "run.sh": File(b"exit 0", 0o700),
        "blob": File(b"\x00\x00\x00", 0o700),
    }


def test_items_choose_keys_paths_and_modes(read: Any) -> None:
    items = [{"key": "token", "path": "a/t", "mode": 0o440}, {"key": "user", "path": "u"}]
    found = read(secret={"secretName": "s", "items": items, "defaultMode": 0o500})
    assert found == {"a/t": File(b"t", 0o400), "u": File(b"u", 0o500)}


def test_a_pod_may_read_of_itself(read: Any) -> None:
    found = read(downwardAPI={"items": [NAME, SIZE]})
    assert found == {"name": File(b"j-1", 0o600), "size": File(b"64", 0o400)}


def test_a_projected_volume_has_the_files_of_all_its_sources(read: Any) -> None:
    again = {"name": "s", "items": [{"key": "token", "path": "run.sh"}]}
    sources = [{"configMap": {"name": "c"}}, {"downwardAPI": {"items": [NAME]}}, {"secret": again}]
    assert read(projected={"sources": sources, "defaultMode": 0o440}) == {
        "run.sh": File(b"t", 0o400),
        "blob": File(b"\x00\x00\x00", 0o400),
        "name": File(b"j-1", 0o400),
    }


def test_other_volumes_begin_empty(read: Any) -> None:
    assert read(emptyDir={}) == {}


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        ({"secret": {"secretName": "no"}}, 'secret "no" not found'),
        (
            {"configMap": {"name": "c", "items": [{"key": "no", "path": "p"}]}},
            "configmap references non-existent config key: no",
        ),
        (
            {"projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "no"}]}}]}},
            "references non-existent secret key: no",
        ),
    ],
)
def test_what_is_missing_holds_up_the_mount(read: Any, volume: dict[str, Any], why: str) -> None:
    with pytest.raises(ContainerConfigError) as caught:
        read(**volume)
    assert str(caught.value) == f'MountVolume.SetUp failed for volume "v" : {why}'
    assert caught.value.reason == "ContainerCreating"


def test_what_is_optional_may_be_missing(read: Any) -> None:
    assert read(secret={"secretName": "no", "optional": True}) == {}
    some = {"name": "s", "optional": True, "items": [{"key": "no"}, {"key": "user", "path": "u"}]}
    assert read(projected={"sources": [{"secret": some}]}) == {"u": File(b"u", 0o600)}
