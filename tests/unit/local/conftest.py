from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.crd import crd
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacube_runtime.local.registry.resources import Resource

Object = dict[str, Any]


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:")
    yield store
    store.close()


@pytest.fixture
def registry(store: Store, clock: Clock) -> Registry:
    return Registry(store, clock)


@pytest.fixture
def cubes(registry: Registry) -> Resource:
    """The DataCubes, defined by the project's own CRD."""
    install(registry, crd())
    return registry.resource("tensorstack.dev", "datacubes")


@pytest.fixture(scope="session")
def cube() -> Callable[..., Object]:
    def make(name: str = "a", **meta: Any) -> Object:
        url = {"name": "url", "value": "https://example.org/a/repo.git"}
        return {
            "apiVersion": "tensorstack.dev/v1beta1",
            "kind": "DataCube",
            "metadata": {"name": name, **copy.deepcopy(meta)},
            "spec": {
                "source": {"type": "git", "options": [url]},
                "sink": {"type": "pvc", "pvc": {"name": "data"}},
            },
        }

    return make


@pytest.fixture(scope="session")
def secret() -> Callable[..., Object]:
    def make(name: str = "s", **meta: Any) -> Object:
        return {"metadata": {"name": name, **copy.deepcopy(meta)}, "stringData": {"token": "abc"}}

    return make


@pytest.fixture(scope="session")
def pod() -> Callable[..., Object]:
    def make(name: str = "p", **spec: Any) -> Object:
        container = {"name": "c", "image": "none:1", "command": ["true"]}
        return {
            "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "containers": [container], **spec},
        }

    return make


@pytest.fixture(scope="session")
def binding() -> Callable[..., Object]:
    def make(name: str = "p", node: str = "n") -> Object:
        return {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}}

    return make


@pytest.fixture(scope="session")
def job() -> Callable[..., Object]:
    def make(name: str = "j", **spec: Any) -> Object:
        container = {"name": "c", "image": "none:1", "command": ["true"]}
        template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        return {"metadata": {"name": name}, "spec": {"template": template, **spec}}

    return make


@pytest.fixture(scope="session")
def claim() -> Callable[..., Object]:
    def make(name: str = "data") -> Object:
        size = {"requests": {"storage": "1Gi"}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": size}
        return {"metadata": {"name": name}, "spec": spec}

    return make
