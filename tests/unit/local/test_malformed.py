from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import (
    CLAIMS,
    CONFIG_MAPS,
    DEFINITIONS,
    JOBS,
    PODS,
    SECRETS,
    Resource,
)

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry

FIELDS = (
    "apiVersion", "kind", "metadata", "name", "labels", "annotations", "finalizers", "spec",
    "ownerReferences", "data", "stringData", "type", "template", "containers", "initContainers",
    "restartPolicy", "volumes", "image", "accessModes", "resources", "requests", "backoffLimit",
    "status", "names", "versions", "group", "scope", "plural", "schema", "openAPIV3Schema",
    "source", "sink", "options", "pvc", "executor", "uid", "manualSelector", "storage",
)  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "%"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("resource", [CLAIMS, CONFIG_MAPS, DEFINITIONS, JOBS, PODS, SECRETS])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@example(junk={"spec": None})
@given(junk=st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=5))
def test_a_malformed_object_is_taken_or_refused(
    registry: Registry, resource: Resource, junk: dict[str, Any]
) -> None:
    namespace = "default" if resource.namespaced else None
    fitting = {"apiVersion": resource.api_version, "kind": resource.kind}
    named = {"metadata": {"generateName": "a-"}}
    for obj in (junk, {**junk, **fitting}, {**junk, **fitting, **named}):
        try:
            registry.create(resource, namespace, obj)
        except ApiStatusError as error:
            assert error.code in (400, 409, 422, 500)  # noqa: PT017 - either outcome is right


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(spec=JUNK)
def test_a_malformed_datacube_is_refused(
    registry: Registry, cubes: Resource, cube: Any, spec: Any
) -> None:
    with pytest.raises(ApiStatusError) as caught:
        registry.create(cubes, "default", {**cube("a"), "spec": spec})
    assert caught.value.code == 422


@pytest.mark.parametrize(
    ("resource", "obj", "field"),
    [
        (PODS, {"spec": {"containers": "x"}}, r"PodSpec.spec.containers of type \[\]v1.Container"),
        (PODS, {"spec": {"containers": ["x"]}}, "PodSpec.spec.containers of type v1.Container"),
        (JOBS, {"spec": {"backoffLimit": True}}, "JobSpec.spec.backoffLimit of type int32"),
        (SECRETS, {"stringData": {"a": 1}}, "Secret.stringData of type string"),
        (SECRETS, {"metadata": {"labels": []}}, "ObjectMeta.metadata.labels of type map"),
    ],
)
def test_the_field_that_does_not_fit_is_named(
    registry: Registry, resource: Resource, obj: dict[str, Any], field: str
) -> None:
    with pytest.raises(ApiStatusError, match=field) as caught:
        registry.create(resource, "default", obj)
    assert caught.value.code == 400


def test_an_owner_has_to_be_told_in_full(registry: Registry) -> None:
    meta = {"name": "a", "ownerReferences": [{"kind": "Pod", "name": "p"}]}
    with pytest.raises(ApiStatusError) as caught:
        registry.create(SECRETS, "default", {"metadata": meta})
    fields = [cause["field"] for cause in caught.value.details["causes"]]
    assert fields == ["metadata.ownerReferences.apiVersion", "metadata.ownerReferences.uid"]
