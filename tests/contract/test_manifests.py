"""The manifests of the contract run unchanged: in and out of the models, and past the CRD."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from datacube_api.crd import crd
from datacube_api.models import DataCube
from datacube_runtime.local.embedded import install
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "manifests"
MANIFESTS = {file.stem: yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yaml"))}


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    store = Store(":memory:")
    registry = Registry(store)
    install(registry, crd())
    yield registry
    store.close()


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_goes_in_and_comes_out_unchanged(name: str) -> None:
    assert DataCube.from_manifest(MANIFESTS[name]).to_manifest() == MANIFESTS[name]


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_crd_takes_it_as_it_is(name: str, registry: Registry) -> None:
    cubes = registry.resource("tensorstack.dev", "datacubes")
    assert registry.create(cubes, "default", MANIFESTS[name])["spec"] == MANIFESTS[name]["spec"]


def test_both_directions_of_all_three_are_there() -> None:
    def route(cube: dict[str, Any]) -> tuple[str, str]:
        return cube["spec"]["source"]["type"], cube["spec"]["sink"]["type"]

    services = {"git", "huggingface", "s3"}
    downloads, uploads = {(kind, "pvc") for kind in services}, {("pvc", kind) for kind in services}
    assert {route(cube) for cube in MANIFESTS.values()} == downloads | uploads


def test_what_the_server_and_others_wrote_is_kept() -> None:
    cube = {
        **MANIFESTS["git-download"],
        "metadata": {"name": "a", "uid": "1", "managedFields": [{"manager": "kubectl"}]},
        "status": {"phase": "Complete", "conditions": [], "more": {"of": ["another", "platform"]}},
    }
    assert DataCube.from_manifest(cube).to_manifest() == cube
