from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.apiserver.openapi.documents import Documents
from datacube_runtime.local.registry.errors import UnknownPlaceError
from datacube_runtime.local.registry.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

POD = "io.k8s.api.core.v1.Pod"


@pytest.fixture
def documents(registry: Registry) -> Documents:
    return Documents(registry.catalog, registry.schemas)


def schemas(documents: Documents, group: str, version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(documents.document(group, version).text)
    return dict(found["components"]["schemas"])


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):  # a definition has a field of that name
            yield value["$ref"].removeprefix("#/components/schemas/")
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)


def test_every_version_has_a_document_in_which_every_reference_leads_somewhere(
    registry: Registry, documents: Documents, cubes: Resource
) -> None:
    assert cubes in registry.catalog
    for group, versions in registry.catalog.group_versions().items():
        for version in versions:
            found = schemas(documents, group, version)
            assert set(references(found)) <= set(found)


@pytest.mark.parametrize(
    ("group", "version", "name"),
    [
        ("", "v1", POD),
        ("batch", "v1", "io.k8s.api.batch.v1.Job"),
        ("batch", "v1", "io.k8s.api.core.v1.PodTemplateSpec"),
        ("events.k8s.io", "v1", "io.k8s.api.events.v1.Event"),
        (
            "apiextensions.k8s.io",
            "v1",
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
        ),
        ("tensorstack.dev", "v1beta1", "dev.tensorstack.v1beta1.DataCube"),
    ],
)
@pytest.mark.usefixtures("cubes")
def test_schemas_stand_under_the_names_of_a_real_server(
    documents: Documents, group: str, version: str, name: str
) -> None:
    assert name in schemas(documents, group, version)


def test_the_kind_of_a_schema_is_told(documents: Documents) -> None:
    told = schemas(documents, "", "v1")[POD]["x-kubernetes-group-version-kind"]
    assert told == [{"group": "", "version": "v1", "kind": PODS.kind}]


def test_the_index_changes_with_a_definition_and_with_nothing_else(
    registry: Registry, documents: Documents, cubes: Resource
) -> None:
    first = documents.index()["paths"]
    assert documents.index()["paths"] == first
    definition = registry.resource("apiextensions.k8s.io", "customresourcedefinitions")
    name = f"{cubes.plural}.{cubes.group}"
    crd = registry.get(definition, None, name)
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["description"] = "in other words"
    registry.update(definition, None, name, crd)
    second = documents.index()["paths"]
    assert {place for place in first if first[place] != second[place]} == {
        "apis/tensorstack.dev/v1beta1"
    }


def test_there_is_no_document_of_a_version_that_nobody_serves(documents: Documents) -> None:
    with pytest.raises(UnknownPlaceError):
        documents.document("apps", "v1")
