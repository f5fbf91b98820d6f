"""Pods that somebody deletes while they transfer: a lost attempt each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Phase
from tests.e2e.conftest import NAMESPACE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datacube_api.reference import CubeRef
    from tests.e2e.conftest import Cluster
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(120)

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
URL = "http://git.example/taken/repo.git"


@pytest.fixture
def hang(cluster: Cluster, services: Services) -> Iterator[Callable[[str, int], CubeRef]]:
    """Start a download that hangs; return when its pod runs."""
    services.make_git_repository("taken/repo", tag="v1")
    services.proxy.silent.add("git.example")

    def hang(name: str, backoff_limit: int) -> CubeRef:
        token = {"secretKeyRef": {"name": "git-token", "key": "token"}}
        options = [{"name": "token", "valueFrom": token}, {"name": "url", "value": URL}]
        volume = {"name": "taken", "subPath": name, "template": {"spec": CLAIM}}
        proxy = {"name": "HTTP_PROXY", "value": services.proxy.url}
        ref = cluster.create(
            name,
            source={"type": "git", "options": options},
            sink={"type": "pvc", "pvc": volume},
            executor={"options": {"backoffLimit": backoff_limit}, "env": [proxy]},
        )
        until(lambda: [pod.status.phase for pod in pods(cluster, name)] == ["Running"])
        return ref

    yield hang
    services.proxy.silent.clear()


def pods(cluster: Cluster, name: str) -> list[Any]:
    selector = f"tensorstack.dev/datacube={name}"
    found: list[Any] = cluster.core.list_namespaced_pod(NAMESPACE, label_selector=selector).items
    return found


def take(cluster: Cluster, name: str) -> str:
    (pod,) = pods(cluster, name)
    cluster.core.delete_namespaced_pod(pod.metadata.name, NAMESPACE)
    return str(pod.metadata.name)


def test_a_deleted_pod_is_a_lost_attempt_and_the_next_one_succeeds(
    cluster: Cluster, services: Services, hang: Any
) -> None:
    ref = hang("taken-once", 1)
    first = take(cluster, ref.name)
    services.proxy.silent.clear()
    outcome = cluster.ended(ref)
    assert outcome.phase is Phase.SUCCEEDED, outcome
    assert outcome.pod != first
    assert cluster.read(ref)["status"]["attempts"] == 2


def test_without_a_retry_it_fails_and_says_why(cluster: Cluster, hang: Any) -> None:
    ref = hang("taken-for-good", 0)
    pod = take(cluster, ref.name)
    outcome = cluster.ended(ref)
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "Cancelled")
    assert outcome.message == f"pod {pod} was deleted before it ended"
