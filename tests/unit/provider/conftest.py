from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Airflow writes its configuration where this says, on import.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

if TYPE_CHECKING:
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
