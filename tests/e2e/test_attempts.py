"""Deadlines and retries count one attempt each, whatever the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.status import Phase
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Cluster
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(120)

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUME = {"name": "attempts", "template": {"spec": CLAIM}}


def option(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


def from_secret(name: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


SOURCES = {
    "git": [
        from_secret("token", "git-token", "token"),
        option("url", "http://git.example/attempts/repo.git"),
    ],
    "huggingface": [
        from_secret("token", "hf-token", "token"),
        option("repo", "attempts/model"),
    ],
    "s3": [
        from_secret("s3-endpoint", "s3-config", "endpoint"),
        from_secret("s3-access-key-id", "s3-config", "accessKeyID"),
        from_secret("s3-secret-access-key", "s3-config", "secretAccessKey"),
        option("s3-uri", "s3://attempts/data"),
    ],
}
HOSTS = {"git": "git.example", "huggingface": "hub.example", "s3": "s3.example"}


@pytest.fixture(scope="module", autouse=True)
def sources(services: Services) -> None:
    services.make_git_repository("attempts/repo", tag="v1")
    services.make_hub_repository("attempts/model", {"a.txt": b"one"})
    services.make_bucket("attempts", {"data/a.txt": "one"})


@pytest.fixture
def start(cluster: Cluster, services: Services) -> Callable[..., Any]:
    """Start a download with a deadline of four seconds an attempt."""

    def start(service: str, backoff_limit: int) -> Any:
        options = {"backoffLimit": backoff_limit, "activeDeadlineSeconds": 4}
        env = [
            option("HTTP_PROXY", services.proxy.url),
            option("HF_ENDPOINT", "http://hub.example"),
        ]
        return cluster.create(
            f"{service}-{backoff_limit}",
            source={"type": service, "options": SOURCES[service]},
            sink={"type": "pvc", "pvc": {**VOLUME, "subPath": service}},
            executor={"options": options, "env": env},
        )

    return start


def failed_attempts(cluster: Cluster, name: str) -> int:
    jobs = cluster.batch.list_namespaced_job("default").items
    return sum(job.status.failed or 0 for job in jobs if job.metadata.name == f"{name}-batchjob")


@pytest.mark.parametrize("service", SOURCES)
def test_an_attempt_that_hangs_is_ended_and_the_next_one_succeeds(
    cluster: Cluster, services: Services, start: Any, service: str
) -> None:
    services.proxy.silent.add(HOSTS[service])
    ref = start(service, backoff_limit=1)
    until(lambda: failed_attempts(cluster, ref.name))
    services.proxy.silent.clear()
    outcome = cluster.ended(ref)
    assert outcome.phase is Phase.SUCCEEDED, outcome
    assert cluster.read(ref)["status"]["attempts"] == 2


@pytest.mark.parametrize("service", SOURCES)
def test_the_last_attempt_says_that_its_time_was_over(
    cluster: Cluster, services: Services, start: Any, service: str
) -> None:
    services.proxy.silent.add(HOSTS[service])
    ref = start(service, backoff_limit=0)
    outcome = cluster.ended(ref)
    services.proxy.silent.clear()
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, "DeadlineExceeded")
    assert cluster.read(ref)["status"]["attempts"] == 1
