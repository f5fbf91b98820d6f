from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import CONFIG_MAPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacube_runtime.local.registry.store import Store


def registry_that_says(store: Store, names: Iterable[str]) -> Registry:
    said = iter(names)
    return Registry(store, make_name=lambda _prefix: next(said))


def create(registry: Registry, meta: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = registry.create(CONFIG_MAPS, "default", {"metadata": meta})["metadata"]
    return made


def test_a_generated_name_that_is_taken_is_made_up_again(store: Store) -> None:
    registry = registry_that_says(store, ["a-1"] * 8 + ["a-2"])
    assert create(registry, {"generateName": "a-"})["name"] == "a-1"
    assert create(registry, {"generateName": "a-"})["name"] == "a-2"


def test_after_eight_names_that_are_taken_the_server_gives_up(store: Store) -> None:
    registry = registry_that_says(store, ["a-1"] * 9 + ["a-2"])
    create(registry, {"generateName": "a-"})
    with pytest.raises(ApiStatusError) as caught:
        create(registry, {"generateName": "a-"})
    assert (caught.value.code, caught.value.reason) == (409, "AlreadyExists")
    assert caught.value.message == (
        'configmaps "a-1" already exists, '
        "the server was not able to generate a unique name for the object"
    )
    assert caught.value.details["retryAfterSeconds"] == 1
    assert create(registry, {"generateName": "a-"})["name"] == "a-2"


def test_a_name_of_the_clients_own_is_tried_once(store: Store) -> None:
    registry = registry_that_says(store, [])
    create(registry, {"name": "a"})
    with pytest.raises(ApiStatusError, match=r'^configmaps "a" already exists$'):
        create(registry, {"name": "a"})


def test_a_name_of_one_that_is_going_is_taken_still(store: Store) -> None:
    registry = registry_that_says(store, [])
    create(registry, {"name": "a", "finalizers": ["example.org/keep"]})
    registry.delete(CONFIG_MAPS, "default", "a")
    with pytest.raises(ApiStatusError, match=r"^object is being deleted: configmaps"):
        create(registry, {"name": "a"})
