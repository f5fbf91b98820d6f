"""The borders between the packages, proved in fresh interpreters, and the proofs proved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK_AIRFLOW = "import sys; sys.modules['airflow'] = None; "
BLOCK_ALL = BLOCK_AIRFLOW + (
    "sys.modules['kubernetes'] = sys.modules['kubernetes_asyncio'] = None; "
    "sys.modules['aiohttp'] = None; "
)


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def importing(folder: str) -> str:
    """Return the code that imports every module of a folder."""
    files = sorted((ROOT / folder).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    assert names, f"{folder} holds no module"
    return "import " + ", ".join(name.removesuffix(".__init__") for name in names)


def test_the_contract_needs_neither_airflow_nor_a_kubernetes_client() -> None:
    done = python(BLOCK_ALL + importing("datacube_api"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("part", ["controller", "transfer", "local"])
def test_the_runtime_runs_without_airflow(part: str) -> None:
    done = python(BLOCK_AIRFLOW + importing(f"datacube_runtime/{part}"))
    assert done.returncode == 0, done.stderr


def test_the_block_blocks() -> None:
    done = python(BLOCK_AIRFLOW + "import airflow_provider_datacube.operators.datacube")
    assert done.returncode == 1
    assert "airflow" in done.stderr


def test_the_transfer_program_needs_no_kubernetes_client() -> None:
    """The image's smallest program stays small."""
    code = "import datacube_runtime.transfer.__main__, sys; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in python(code).stdout.split()}
    assert "datacube_runtime" in loaded
    assert not loaded & {"kubernetes", "kubernetes_asyncio", "aiohttp", "airflow", "pydantic"}


def test_parsing_a_dag_loads_no_kubernetes_client() -> None:
    """Whatever a DAG file imports of the provider, it pays for the Airflow SDK alone."""
    provided = ("operators.datacube", "operators.datacube_delete", "sensors.datacube",
                "decorators.datacube", "triggers.datacube", "hooks.datacube", "models",
                "assets.datacube")  # fmt: skip
    names = ", ".join(f"airflow_provider_datacube.{name}" for name in provided)
    done = python(f"import sys, {names}; print('loaded:', *sys.modules)")
    assert done.returncode == 0, done.stderr
    loaded = {*done.stdout.rpartition("loaded:")[2].split()}
    assert "airflow_provider_datacube.operators.datacube" in loaded
    assert not loaded & {"kubernetes", "kubernetes_asyncio", "aiohttp"}
    assert "airflow.providers.cncf.kubernetes.hooks.kubernetes" not in loaded


def test_what_a_cluster_needs_seldom_is_not_in_its_memory(tmp_path: Path) -> None:
    """A certificate is made once, and what is wrong with an object is looked for where it is."""
    code = (
        "import pathlib, sys; from datacube_runtime.local import access, embedded; "
        "from datacube_runtime.local.registry import registry, store; "
        f"access.certificate(pathlib.Path({str(tmp_path)!r})); "
        "embedded.install(registry.Registry(store.Store(':memory:')), embedded.crd()); "
        "print(*sys.modules)"
    )
    done = python(code)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "datacube_runtime" in loaded, done.stderr
    assert not loaded & {"cryptography", "jsonschema", "kubernetes", "kubernetes_asyncio"}


@pytest.mark.parametrize(
    "package", ["datacube_api", "airflow_provider_datacube", "datacube_runtime"]
)
def test_importing_a_package_imports_nothing_else(package: str) -> None:
    code = f"import sys; before = set(sys.modules); import {package}; "
    done = python(code + "print(*(set(sys.modules) - before))")
    assert done.stdout.split() == [package]
