from __future__ import annotations

from typing import Any

from datacube_api.reference import CubeRef


def cube(uid: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "ml", "name": "a", "uid": uid}}


def test_a_reference_is_read_from_the_object() -> None:
    assert CubeRef.of(cube("1")) == CubeRef("ml", "a", "1")


def test_a_namesake_is_another() -> None:
    assert CubeRef("ml", "a", "1").is_identity_of(cube("1"))
    assert not CubeRef("ml", "a", "1").is_identity_of(cube("2"))


def test_without_a_uid_whoever_has_the_name_is_meant() -> None:
    assert CubeRef("ml", "a").is_identity_of(cube("2"))


def test_both_clients_are_told_the_place_the_same_way() -> None:
    assert CubeRef("ml", "a").item() == {
        "group": "tensorstack.dev",
        "version": "v1beta1",
        "plural": "datacubes",
        "namespace": "ml",
        "name": "a",
    }
