"""Settings by annotation, as any cluster's own scheduler and Job controller take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datacube_api.models import PVC, Git, SecretRef
from datacube_api.pod_settings import ANNOTATIONS, PodSettings
from datacube_api.reasons import Reason
from datacube_api.status import Phase
from tests.cluster.conftest import until

if TYPE_CHECKING:
    from tests.cluster.conftest import Silence, Space
    from tests.e2e.services import Services

pytestmark = pytest.mark.timeout(300)

TOKEN = SecretRef("git-token", "token")


def suspend(space: Space, name: str, *, wanted: bool) -> None:
    said = f"{ANNOTATIONS['suspend']}={str(wanted).lower()}"
    space.kubectl("annotate", "--overwrite", "datacube", name, said)


def is_suspended(space: Space, name: str) -> bool:
    outcome = space.outcome(name)
    return (outcome.phase, outcome.reason) == (Phase.PENDING, Reason.SUSPENDED)


def test_what_is_suspended_from_the_beginning_starts_when_it_is_resumed(
    space: Space, services: Services
) -> None:
    services.make_git_repository("suspended/repo", tag="v1")
    source = Git(url="http://git.example/suspended/repo.git", ref="main", token=TOKEN)
    held = PodSettings(suspend=True)
    name = space.start("held", source, space.volume("held"), settings=held)
    until(lambda: is_suspended(space, name))
    assert space.pods(name) == []
    suspend(space, name, wanted=False)
    assert space.ended(name).phase is Phase.SUCCEEDED


def test_what_runs_loses_its_pod_when_it_is_suspended_and_begins_anew(
    space: Space, silence: Silence
) -> None:
    # One attempt more: whether the one that was stopped counts is for the Job controller to say.
    name = space.start("stopped", silence.repository, space.volume("stopped"), backoff_limit=1)
    space.runs(name)
    silence.was_met()
    silence.ends()
    suspend(space, name, wanted=True)
    until(lambda: is_suspended(space, name) and not space.pods(name))
    suspend(space, name, wanted=False)
    outcome = space.ended(name)
    assert outcome.phase is Phase.SUCCEEDED, outcome


def test_where_no_node_is_as_wanted_it_waits_and_says_so(space: Space, services: Services) -> None:
    services.make_git_repository("nowhere/repo", tag="v1")
    source = Git(url="http://git.example/nowhere/repo.git", ref="main", token=TOKEN)
    nowhere = PodSettings(node_selector={"tensorstack.dev/nobody": "has-this"})
    name = space.start("nowhere", source, space.volume("nowhere"), settings=nowhere)
    until(lambda: "didn't match Pod's node affinity/selector" in space.outcome(name).message)
    assert space.outcome(name).phase is Phase.PENDING
    space.kubectl("delete", "datacube", name)


def test_after_its_time_to_live_it_is_gone_and_its_data_stay(
    space: Space, services: Services
) -> None:
    services.make_git_repository("lived/repo", tag="v1")
    services.git.create("heirs/repo")
    source = Git(url="http://git.example/lived/repo.git", ref="main", token=TOKEN)
    at_once = PodSettings(ttl_seconds_after_finished=0)
    name = space.start("lived", source, space.volume("lived"), settings=at_once)
    found = ("get", "datacubes,jobs", "--output=name")
    until(lambda: not [one for one in space.kubectl(*found).split() if name in one])
    copy = Git(url="http://git.example/heirs/repo.git", token=TOKEN)
    after = space.start("heir", PVC("data", sub_path="lived"), copy)
    assert space.ended(after).phase is Phase.SUCCEEDED
    assert services.git_branches("heirs/repo") == ["main"]
