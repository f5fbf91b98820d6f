"""What Airflow sees of the provider, and what importing it costs."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from airflow_provider_datacube import __version__
from airflow_provider_datacube.get_provider_info import get_provider_info

NAME = "airflow-provider-datacube"
AIRFLOW = importlib.util.find_spec("airflow")  # not imported: it would make its home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("airflow"))


def python(home: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    return subprocess.run(
        [sys.executable, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def providers(home: str, *arguments: str) -> Any:
    run = python(home, "-m", "airflow", "providers", *arguments, "--output", "json")
    # Airflow 3.1 warns of itself: its standard provider asks for something by an old name.
    told = [
        line for line in run.stderr.lower().splitlines() if "airflow.operators.branch" not in line
    ]
    assert not [line for line in told if "warn" in line]
    return json.loads(run.stdout[run.stdout.index("[") :])


def test_the_metadata_fits_airflows_schema() -> None:
    assert AIRFLOW is not None
    assert AIRFLOW.origin is not None
    schema = Path(AIRFLOW.origin).with_name("provider_info.schema.json")
    jsonschema.validate(get_provider_info(), json.loads(schema.read_text()))


def test_every_module_and_class_that_is_told_is_there(home: str) -> None:
    info = get_provider_info()
    kinds = ("operators", "sensors", "hooks", "triggers")
    entries = [entry for kind in kinds for entry in info[kind]]
    modules = [module for entry in entries for module in entry["python-modules"]]
    decorators = [entry["class-name"] for entry in info["task-decorators"]]
    paths = [*info["extra-links"], *decorators]
    classes = ["from {0} import {2}".format(*path.rpartition(".")) for path in paths]
    assert len(modules) == 7
    python(home, "-c", "; ".join([f"import {module}" for module in modules] + classes))


def test_airflow_lists_it(home: str) -> None:
    listed = {row["package_name"]: row for row in providers(home, "list")}
    assert listed[NAME]["version"] == __version__


def test_airflow_tells_about_it(home: str) -> None:
    (told,) = providers(home, "get", NAME, "--full")
    assert "Hugging Face" in str(told)


def test_airflow_knows_the_connection_it_uses(home: str) -> None:
    kinds = {row["connection_type"]: row for row in providers(home, "hooks")}
    assert kinds["kubernetes"]["package_name"] == "apache-airflow-providers-cncf-kubernetes"


def test_airflow_knows_its_link(home: str) -> None:
    links = {row["extra_link_class_name"] for row in providers(home, "links")}
    assert "airflow_provider_datacube.links.datacube.DataCubeLink" in links


LOADED = """
import sys
from airflow.sdk import DAG, BaseOperator
before = set(sys.modules)
import {module}
print(*sorted(set(sys.modules) - before))
"""
HEAVY = (
    "kubernetes",
    "kubernetes_asyncio",
    "aiohttp",
    "boto3",
    "airflow.providers.cncf",
    "airflow.providers.amazon",
    "yaml",
)


@pytest.mark.parametrize(
    "module",
    [
        "airflow_provider_datacube.models",
        "airflow_provider_datacube.operators.datacube",
        "airflow_provider_datacube.operators.datacube_delete",
        "airflow_provider_datacube.sensors.datacube",
        "airflow_provider_datacube.decorators.datacube",
        "airflow_provider_datacube.hooks.datacube",
        "airflow_provider_datacube.hooks.datacube_secret",
        "airflow_provider_datacube.triggers.datacube",
        "airflow_provider_datacube.triggers.datacube_sensor",
    ],
)
def test_importing_it_loads_no_client(home: str, module: str) -> None:
    loaded = python(home, "-c", LOADED.format(module=module)).stdout.split()
    assert module in loaded
    assert [name for name in loaded if is_heavy(name)] == []


def test_the_look_at_the_modules_would_see_a_client(home: str) -> None:
    loaded = python(home, "-c", LOADED.format(module="kubernetes_asyncio.client")).stdout.split()
    assert any(map(is_heavy, loaded))


def is_heavy(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in HEAVY)
