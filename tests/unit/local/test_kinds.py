from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.registry.errors import ApiStatusError
from datacube_runtime.local.registry.resources import CLAIMS, CONFIG_MAPS, JOBS, PODS, SECRETS

if TYPE_CHECKING:
    from datacube_runtime.local.registry.registry import Registry
    from datacube_runtime.local.registry.resources import Resource

Make = Any


def fields(registry: Registry, resource: Resource, obj: dict[str, Any]) -> list[str]:
    with pytest.raises(ApiStatusError) as caught:
        registry.create(resource, "default", obj)
    return [cause["field"] for cause in caught.value.details.get("causes", ())]


def refused_patch(registry: Registry, resource: Resource, name: str, patch: Any) -> list[str]:
    with pytest.raises(ApiStatusError) as caught:
        registry.patch(resource, "default", name, patch)
    return [cause["field"] for cause in caught.value.details["causes"]]


def test_string_data_becomes_data(registry: Registry) -> None:
    both = {"metadata": {"name": "a"}, "data": {"k": "YQ=="}, "stringData": {"t": "ü"}}
    made = registry.create(SECRETS, "default", both)
    assert made["data"] == {"k": "YQ==", "t": "w7w="}
    assert "stringData" not in made
    assert made["type"] == "Opaque"


def test_bad_base64_is_refused_and_not_repeated(registry: Registry) -> None:
    bad = {"metadata": {"name": "a"}, "data": {"k": "canary%%"}}
    with pytest.raises(ApiStatusError) as caught:
        registry.create(SECRETS, "default", bad)
    assert caught.value.code == 400
    assert "canary" not in str(caught.value.body())


@pytest.mark.parametrize("resource", [SECRETS, CONFIG_MAPS])
def test_a_frozen_object_keeps_its_data(registry: Registry, resource: Resource) -> None:
    frozen = {"metadata": {"name": "a"}, "data": {"k": "YQ=="}, "immutable": True}
    registry.create(resource, "default", frozen)
    assert refused_patch(registry, resource, "a", {"data": {"k": "Yg=="}}) == ["data"]


def test_keys_have_to_be_keys(registry: Registry) -> None:
    bad = {"metadata": {"name": "a"}, "data": {"a/b": "x"}}
    assert fields(registry, CONFIG_MAPS, bad) == ["data[a/b]"]


def test_the_type_of_a_secret_stays(registry: Registry, secret: Make) -> None:
    registry.create(SECRETS, "default", secret("a"))
    assert refused_patch(registry, SECRETS, "a", {"type": "other"}) == ["type"]


def test_a_claim_begins_pending_and_protected(registry: Registry, claim: Make) -> None:
    made = registry.create(CLAIMS, "default", claim())
    assert made["status"] == {"phase": "Pending"}
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def test_a_claim_needs_modes_and_a_size(registry: Registry) -> None:
    bare = {"metadata": {"name": "a"}, "spec": {}}
    assert fields(registry, CLAIMS, bare) == ["spec.accessModes", "spec.resources[storage]"]


def test_of_a_claim_only_the_size_may_change_once_it_is_bound(
    registry: Registry, claim: Make
) -> None:
    registry.create(CLAIMS, "default", claim("data"))
    registry.patch(CLAIMS, "default", "data", {"spec": {"volumeName": "v"}})
    size = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    assert refused_patch(registry, CLAIMS, "data", size) == ["spec"]
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    registry.patch(CLAIMS, "default", "data", bound, subresource="status")
    registry.patch(CLAIMS, "default", "data", size)
    for frozen in ({"volumeName": "w"}, {"accessModes": ["ReadOnlyMany"]}):
        assert refused_patch(registry, CLAIMS, "data", {"spec": frozen}) == ["spec"]


def test_the_pods_of_a_job_are_tied_to_it(registry: Registry, job: Make) -> None:
    made = registry.create(JOBS, "default", job("j"))
    uid = made["metadata"]["uid"]
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert labels["job-name"] == labels["batch.kubernetes.io/job-name"] == "j"
    assert labels["controller-uid"] == labels["batch.kubernetes.io/controller-uid"] == uid
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["selector"] == selector


def test_a_job_gets_kubernetes_own_defaults(registry: Registry, job: Make) -> None:
    spec = registry.create(JOBS, "default", job("j"))["spec"]
    assert (spec["backoffLimit"], spec["parallelism"], spec["completions"]) == (6, 1, 1)
    container = spec["template"]["spec"]["containers"][0]
    assert container["terminationMessagePath"] == "/dev/termination-log"
    assert container["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"backoffLimit": -1}, "spec.backoffLimit"),
        ({"activeDeadlineSeconds": -1}, "spec.activeDeadlineSeconds"),
        ({"template": {"spec": {"restartPolicy": "Never"}}}, "spec.template.spec.containers"),
    ],
)
def test_a_bad_job_is_refused_by_its_field(
    registry: Registry, job: Make, spec: Any, field: str
) -> None:
    assert fields(registry, JOBS, job("j", **spec)) == [field]


def test_a_job_may_not_restart_for_ever(registry: Registry, job: Make) -> None:
    bad = job("j")
    bad["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    assert fields(registry, JOBS, bad) == ["spec.template.spec.restartPolicy"]


def test_the_name_of_a_job_has_to_be_a_label(registry: Registry, job: Make) -> None:
    assert fields(registry, JOBS, job("j" * 64)) == ["spec.template.labels"] * 2


def test_the_template_of_a_job_stays(registry: Registry, job: Make) -> None:
    registry.create(JOBS, "default", job("j"))
    changed = {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}}
    assert refused_patch(registry, JOBS, "j", changed) == ["spec.template"]
    registry.patch(JOBS, "default", "j", {"spec": {"suspend": True, "backoffLimit": 1}})
    assert refused_patch(registry, JOBS, "j", changed) == ["spec.template.spec"]


def test_a_pod_is_given_to_a_node_once_and_by_a_binding(
    registry: Registry, pod: Make, binding: Make
) -> None:
    registry.create(PODS, "default", pod("p"))
    node = {"spec": {"nodeName": "n"}}
    assert refused_patch(registry, PODS, "p", node) == ["spec"]
    registry.bindings.bind("default", "p", binding("p"))
    assert registry.get(PODS, "default", "p")["spec"]["nodeName"] == "n"
    assert refused_patch(registry, PODS, "p", {"spec": {"nodeName": None}}) == ["spec"]
    with pytest.raises(ApiStatusError, match="already assigned to node"):
        registry.bindings.bind("default", "p", binding("p"))


def test_a_pod_needs_named_containers_with_images(registry: Registry, pod: Make) -> None:
    bad = [{"name": "Not_A_Label", "image": "x"}, {}]
    assert fields(registry, PODS, pod("p", containers=bad)) == [
        "spec.containers[0].name",
        "spec.containers[1].name",
        "spec.containers[1].image",
    ]


def test_the_selector_of_a_claim_is_looked_at(registry: Registry) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "selector": {"matchExpressions": [{"key": "a", "operator": "In"}]},
    }
    with pytest.raises(ApiStatusError, match=r"spec.selector.matchExpressions\[0\].values"):
        registry.create(CLAIMS, "default", {"metadata": {"name": "c"}, "spec": spec})
