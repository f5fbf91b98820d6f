from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

# Airflow writes its configuration where this says, on import.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from airflow_provider_datacube._holding import HELD_BY
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from datacube_api.reference import CubeRef
from tests.unit.provider.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

GIT = {"type": "git", "options": [{"name": "url", "value": "https://git.example.org/a/repo.git"}]}
PVC = {"type": "pvc", "pvc": {"name": "data", "subPath": "code"}}


def _load_store() -> ModuleType:
    name = "provider_store"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("store.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    return _load_store()


@pytest.fixture
def store(fakes: ModuleType) -> Any:
    return fakes.Store()


@pytest.fixture
def secrets(fakes: ModuleType) -> Any:
    return fakes.SecretStore()


@pytest.fixture
def git() -> dict[str, Any]:
    return GIT


@pytest.fixture
def pvc() -> dict[str, Any]:
    return PVC


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "apiVersion": "tensorstack.dev/v1beta1",
        "kind": "DataCube",
        "metadata": {"namespace": "default"},
        "spec": {"source": GIT, "sink": PVC},
    }


@pytest.fixture
def worker(store: Any) -> Worker:
    return Worker(store)


@pytest.fixture
def finish(store: Any) -> Callable[[dict[str, Any]], None]:
    """Make every DataCube end as soon as it is made."""

    def arrange(status: dict[str, Any]) -> None:
        create = store.create
        store.create = lambda manifest: create({**manifest, "status": status})

    return arrange


@pytest.fixture
def ref(store: Any, manifest: dict[str, Any]) -> CubeRef:
    metadata = {"namespace": "ml", "name": "x", "annotations": {HELD_BY: "try-1"}}
    return CubeRef.of(store.create({**manifest, "metadata": metadata}))


@pytest.fixture
def trigger(store: Any, ref: CubeRef) -> DataCubeTrigger:
    """A trigger whose cluster is the store, and whose task is in the state ``task_state``."""

    class Offline(DataCubeTrigger):
        task_state: object = "deferred"

        def _connect(self) -> Any:
            return store.connect()

        async def _task_state(self) -> Any:
            if isinstance(self.task_state, Exception):
                raise self.task_state
            return self.task_state

    trigger: Any = Offline(
        namespace=ref.namespace,
        name=ref.name,
        uid=ref.uid,
        kubernetes_conn_id="k8s",
        poll_interval=0.01,
    )
    trigger.task_instance = SimpleNamespace(id="try-1", task_id="fetch")  # as Airflow does it
    return cast("DataCubeTrigger", trigger)
