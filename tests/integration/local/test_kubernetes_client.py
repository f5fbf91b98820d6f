from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes import client as k8s
from kubernetes.client.exceptions import ApiException
from kubernetes.watch import Watch

from datacube_api.reference import collection

if TYPE_CHECKING:
    from collections.abc import Callable

Make = Any
NAMESPACE = "default"
CUBES = collection(NAMESPACE)


@pytest.fixture
def core(client: k8s.ApiClient) -> k8s.CoreV1Api:
    return k8s.CoreV1Api(client)


@pytest.fixture
def cubes(client: k8s.ApiClient) -> k8s.CustomObjectsApi:
    return k8s.CustomObjectsApi(client)


def refusal(call: Callable[[], Any]) -> ApiException:
    with pytest.raises(ApiException) as caught:
        call()
    return caught.value


def test_a_secret_lives(core: k8s.CoreV1Api) -> None:
    body = k8s.V1Secret(metadata=k8s.V1ObjectMeta(name="lives"), string_data={"token": "abc"})
    made = core.create_namespaced_secret(NAMESPACE, body)
    assert base64.b64decode(made.data["token"]) == b"abc"
    made.data["more"] = "MQ=="
    replaced = core.replace_namespaced_secret("lives", NAMESPACE, made)
    assert set(replaced.data) == {"token", "more"}
    assert refusal(lambda: core.replace_namespaced_secret("lives", NAMESPACE, made)).status == 409
    patched = core.patch_namespaced_secret("lives", NAMESPACE, {"data": {"token": None}})
    assert set(patched.data) == {"more"}
    listed = core.list_namespaced_secret(NAMESPACE, field_selector="metadata.name=lives")
    assert [item.metadata.name for item in listed.items] == ["lives"]
    core.delete_namespaced_secret("lives", NAMESPACE)
    assert refusal(lambda: core.read_namespaced_secret("lives", NAMESPACE)).status == 404


def test_a_bad_datacube_is_refused_by_its_field(cubes: k8s.CustomObjectsApi, cube: Make) -> None:
    bad = cube("bad")
    bad["spec"]["source"]["type"] = "ftp"
    error = refusal(lambda: cubes.create_namespaced_custom_object(**CUBES, body=bad))
    assert error.status == 422
    assert "spec.source.type" in error.body


def test_status_and_spec_are_written_apart(cubes: k8s.CustomObjectsApi, cube: Make) -> None:
    cubes.create_namespaced_custom_object(**CUBES, body=cube("apart"))
    item = {**CUBES, "name": "apart"}
    status = {"status": {"phase": "Running"}, "spec": {"sink": None}}
    patched = cubes.patch_namespaced_custom_object_status(**item, body=status)
    assert patched["status"] == {"phase": "Running"}
    assert patched["spec"] == cube("apart")["spec"]
    same = cubes.patch_namespaced_custom_object(**item, body={"status": {"phase": "Other"}})
    assert same["status"] == {"phase": "Running"}


def test_only_the_one_that_is_meant_is_deleted(cubes: k8s.CustomObjectsApi, cube: Make) -> None:
    made = cubes.create_namespaced_custom_object(**CUBES, body=cube("meant"))
    item = {**CUBES, "name": "meant"}
    other = k8s.V1DeleteOptions(preconditions=k8s.V1Preconditions(uid="other"))
    error = refusal(lambda: cubes.delete_namespaced_custom_object(**item, body=other))
    assert error.status == 409
    uid = made["metadata"]["uid"]
    right = k8s.V1DeleteOptions(preconditions=k8s.V1Preconditions(uid=uid))
    assert cubes.delete_namespaced_custom_object(**item, body=right)["status"] == "Success"


def test_a_watch_tells_what_happened_since(core: k8s.CoreV1Api) -> None:
    since = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    body = k8s.V1ConfigMap(metadata=k8s.V1ObjectMeta(name="watched"), data={"a": "1"})
    core.create_namespaced_config_map(NAMESPACE, body)
    core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"a": "2"}})
    core.delete_namespaced_config_map("watched", NAMESPACE)
    events = Watch().stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=since, timeout_seconds=1
    )
    seen = [(event["type"], event["object"].data["a"]) for event in events]
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


def test_a_long_list_comes_in_pages(core: k8s.CoreV1Api) -> None:
    for number in range(5):
        meta = k8s.V1ObjectMeta(name=f"page-{number}", labels={"of": "pages"})
        core.create_namespaced_config_map(NAMESPACE, k8s.V1ConfigMap(metadata=meta))
    names: list[str] = []
    token = None
    while token != "":
        page = core.list_namespaced_config_map(
            NAMESPACE, limit=2, label_selector="of in (pages)", _continue=token
        )
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""
    assert names == [f"page-{number}" for number in range(5)]


def test_a_job_runs_and_its_pod_and_log_are_found(
    client: k8s.ApiClient, core: k8s.CoreV1Api
) -> None:
    batch = k8s.BatchV1Api(client)
    container = {"name": "c", "image": "none", "command": ["echo", "hello"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    body = {"metadata": {"name": "hello"}, "spec": {"backoffLimit": 0, "template": template}}
    batch.create_namespaced_job(NAMESPACE, body)
    events = Watch().stream(
        batch.list_namespaced_job,
        NAMESPACE,
        field_selector="metadata.name=hello",
        timeout_seconds=20,
    )
    assert any((event["object"].status.succeeded or 0) == 1 for event in events)
    (pod,) = core.list_namespaced_pod(NAMESPACE, label_selector="job-name=hello").items
    assert pod.metadata.owner_references[0].name == "hello"
    name = pod.metadata.name  # raw: this client shows the text of a log as "b'…'"
    log = core.read_namespaced_pod_log(name, NAMESPACE, _preload_content=False)
    assert log.data == b"hello\n"
    batch.delete_namespaced_job("hello", NAMESPACE, propagation_policy="Background")
    assert core.list_namespaced_pod(NAMESPACE, label_selector="job-name=hello").items == []
