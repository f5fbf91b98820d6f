"""What befalls a DataCube on any cluster: attempts, waiting, deletion, and what nobody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.models import Git, SecretRef
from datacube_api.status import Phase
from tests.cluster.conftest import until

if TYPE_CHECKING:
    from tests.cluster.conftest import Silence, Space
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(300)

TOKEN = SecretRef("git-token", "token")
ABSENT = Git(url="http://git.example/no/such.git", token=TOKEN)


def test_each_attempt_is_a_pod_and_the_last_failure_is_named(space: Space) -> None:
    name = space.start("fails", ABSENT, space.volume("fails"), backoff_limit=1)
    outcome = space.ended(name)
    assert outcome.phase is Phase.FAILED
    assert outcome.reason == "SourceNotFound"
    assert len(space.pods(name)) == 2


def test_a_deleted_datacube_ends_its_pod(space: Space, silence: Silence) -> None:
    name = space.start("deleted", silence.repository, space.volume("deleted"))
    space.runs(name)
    space.kubectl("delete", "datacube", name)
    until(lambda: not space.pods(name))


def test_a_pod_that_is_deleted_from_outside_is_a_lost_attempt(
    space: Space, silence: Silence
) -> None:
    name = space.start("lost", silence.repository, space.volume("lost"))
    space.kubectl("delete", space.runs(name))
    assert space.ended(name).phase is Phase.FAILED


def test_after_a_deleted_pod_another_attempt_succeeds(space: Space, silence: Silence) -> None:
    name = space.start("again", silence.repository, space.volume("again"), backoff_limit=1)
    pod = space.runs(name)
    silence.was_met()
    silence.ends()
    space.kubectl("delete", pod)
    outcome = space.ended(name)
    assert outcome.phase is Phase.SUCCEEDED, outcome
    assert f"pod/{outcome.pod}" != pod


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
