"""What befalls a DataCube on any cluster: attempts, waiting, deletion, and what nobody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.models import Git, SecretRef
from datacube_api.status import Phase
from tests.cluster.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.conftest import Space
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(300)

TOKEN = SecretRef("git-token", "token")
ABSENT = Git(url="http://git.example/no/such.git", token=TOKEN)


@pytest.fixture
def silent(services: Services) -> Iterator[Git]:
    """A repository whose server takes a request and never answers."""
    services.proxy.silent.add("git.example")
    yield Git(url="http://git.example/silent/repo.git")
    services.proxy.silent.clear()


def runs(space: Space, name: str) -> str:
    """Wait until the transfer of a DataCube runs; return its pod."""
    until(lambda: space.outcome(name).phase is Phase.RUNNING)
    (pod,) = space.pods(name)
    return pod


def test_each_attempt_is_a_pod_and_the_last_failure_is_named(space: Space) -> None:
    name = space.start("fails", ABSENT, space.volume("fails"), backoff_limit=1)
    outcome = space.ended(name)
    assert outcome.phase is Phase.FAILED
    assert outcome.reason == "SourceNotFound"
    assert len(space.pods(name)) == 2


def test_a_deleted_datacube_ends_its_pod(space: Space, silent: Git) -> None:
    name = space.start("deleted", silent, space.volume("deleted"))
    runs(space, name)
    space.kubectl("delete", "datacube", name)
    until(lambda: not space.pods(name))


def test_a_pod_that_is_deleted_from_outside_is_a_lost_attempt(space: Space, silent: Git) -> None:
    name = space.start("lost", silent, space.volume("lost"))
    space.kubectl("delete", runs(space, name))
    assert space.ended(name).phase is Phase.FAILED


def test_what_is_missing_is_named_while_it_is_waited_for(space: Space) -> None:
    token = SecretRef("absent", "token")
    name = space.start("waits", Git(url="http://git.example/a.git", token=token), space.volume("w"))
    until(lambda: 'secret "absent" not found' in space.outcome(name).message)
    assert space.outcome(name).phase is Phase.PENDING
    space.kubectl("delete", "datacube", name)


def test_no_credential_is_told(space: Space, services: Services, git_token: str) -> None:
    name = space.start("told", ABSENT, space.volume("told"))
    space.ended(name)
    kinds = "datacubes,jobs,pods,persistentvolumeclaims,events,configmaps"
    told = space.kubectl("get", kinds, "--output=yaml")
    told += space.kubectl("logs", *space.pods(name))
    for credential in (git_token, *services.credentials):
        assert credential not in told
