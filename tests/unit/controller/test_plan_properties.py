"""Any order of events, any kill: one Job, one end, and an end is reached."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from datacube_api.reasons import Reason
from datacube_api.status import evaluate
from datacube_runtime.controller.actions import CreateJob, CreateVolume
from datacube_runtime.controller.reconcile import plan

if TYPE_CHECKING:
    from datacube_runtime.controller.settings import Settings

BACKOFF_LIMIT = 1
FEW = hypothesis_settings(max_examples=50)


class Simulated:
    """A cluster as far as one DataCube sees it."""

    def __init__(self, make: Any, settings: Settings, now: datetime) -> None:
        self.make, self.settings, self.now = make, settings, now
        self.cube = make.with_template()
        self.job: Any = None
        self.pods: list[Any] = []
        self.pvc: Any = None
        self.jobs_made = self.volumes_made = 0

    def control(self, dies_after: int = 9) -> int:
        """Make one pass; of its actions only so many happen before the process is killed."""
        seen = copy.deepcopy((self.cube, self.job, self.pods, self.pvc))
        actions = plan(*seen, self.now, self.settings).actions
        for action in actions[:dies_after]:
            if isinstance(action, CreateVolume):
                self.pvc, self.volumes_made = self.make.claim(), self.volumes_made + 1
            elif isinstance(action, CreateJob):
                assert self.job is None
                self.job, self.jobs_made = self.make.job(self.cube), self.jobs_made + 1
            else:
                self.cube["status"] = copy.deepcopy(dict(action.status))
        return len(actions)

    def pod_is_made(self) -> None:
        active = any(pod["status"]["phase"] in ("Pending", "Running") for pod in self.pods)
        if self.job and not active and "conditions" not in self.job["status"]:
            self.pods.append(self.make.pod("Pending", len(self.pods) + 1))
            self.count()

    def pod_runs(self) -> None:
        for pod in self.pods:
            if pod["status"]["phase"] == "Pending":
                pod["status"]["phase"] = "Running"

    def pod_ends(self, reason: Reason = Reason.TRANSFER_SUCCEEDED) -> None:
        for number, pod in enumerate(self.pods):
            if pod["status"]["phase"] == "Running":
                self.pods[number] = self.make.ended_pod(reason, "said", number + 1)
                self.count()

    def pod_fails(self) -> None:
        self.pod_ends(Reason.NETWORK_ERROR)

    def job_ends(self) -> None:
        if self.job and self.job["status"].get("succeeded"):
            self.job = self.make.job(self.cube, "Complete", **self.job["status"])
        elif self.job and self.job["status"].get("failed", 0) > BACKOFF_LIMIT:
            self.job = self.make.job(self.cube, "Failed", **self.job["status"])

    def pods_vanish(self) -> None:
        self.pods = [p for p in self.pods if p["status"]["phase"] in ("Pending", "Running")]

    def claim_vanishes(self) -> None:
        self.pvc = None

    def time_passes(self) -> None:
        self.now += timedelta(seconds=7)

    def count(self) -> None:
        if not self.job:
            return
        phases = [pod["status"]["phase"] for pod in self.pods]
        counts = {"active": 0, "succeeded": phases.count("Succeeded")}
        counts["active"] = phases.count("Pending") + phases.count("Running")
        self.job["status"].update(counts, failed=phases.count("Failed"))

    def job_vanishes(self) -> None:
        self.job, self.pods = None, []


PEACEFUL = (
    "pod_is_made",
    "pod_runs",
    "pod_ends",
    "pod_fails",
    "job_ends",
    "pods_vanish",
    "claim_vanishes",
    "time_passes",
)
PASSES = st.tuples(st.just("control"), st.integers(0, 3))


def happen(world: Simulated, step: Any) -> None:
    if isinstance(step, tuple):
        world.control(step[1])
    else:
        getattr(world, step)()


def run_to_the_end(world: Simulated) -> None:
    for _ in range(10):
        for step in ("pod_is_made", "pod_runs", "pod_ends", "job_ends"):
            world.control()
            happen(world, step)


@FEW
@given(st.lists(st.one_of(st.sampled_from(PEACEFUL), PASSES), max_size=30))
def test_whatever_happens_there_is_one_job_and_an_end(
    make: Any, settings: Settings, now: datetime, steps: list[Any]
) -> None:
    world = Simulated(make, settings, now)
    for step in steps:
        happen(world, step)
        assert world.jobs_made <= 1
    run_to_the_end(world)
    assert world.jobs_made == 1
    assert evaluate(world.cube["status"]).phase.is_terminal
    assert world.control() == 0


@FEW
@given(st.lists(st.one_of(st.sampled_from((*PEACEFUL, "job_vanishes")), PASSES), max_size=40))
def test_an_attempt_that_was_seen_is_never_followed_by_a_second_job(
    make: Any, settings: Settings, now: datetime, steps: list[Any]
) -> None:
    world = Simulated(make, settings, now)
    seen_at = 0
    for step in steps:
        happen(world, step)
        if not seen_at and world.cube.get("status", {}).get("pod"):
            seen_at = world.jobs_made
        assert not seen_at or world.jobs_made == seen_at
    run_to_the_end(world)
    assert not seen_at or world.jobs_made == seen_at
    assert evaluate(world.cube["status"]).phase.is_terminal


@FEW
@given(st.lists(st.one_of(st.sampled_from((*PEACEFUL, "job_vanishes")), PASSES), max_size=40))
def test_an_end_is_never_taken_back(
    make: Any, settings: Settings, now: datetime, steps: list[Any]
) -> None:
    world = Simulated(make, settings, now)
    ended: Any = None
    for step in steps:
        happen(world, step)
        status = world.cube.get("status")
        assert ended is None or status == ended
        if evaluate(status).phase.is_terminal:
            ended = copy.deepcopy(status)


@FEW
@given(st.lists(st.one_of(st.sampled_from(PEACEFUL), PASSES), max_size=30))
def test_a_second_pass_over_the_same_state_writes_nothing(
    make: Any, settings: Settings, now: datetime, steps: list[Any]
) -> None:
    world = Simulated(make, settings, now)
    for step in steps:
        happen(world, step)
    while world.job is None:
        world.control()
    world.control()
    assert world.control() == 0


def test_the_simulation_ends_in_success_when_left_alone(
    make: Any, settings: Settings, now: datetime
) -> None:
    world = Simulated(make, settings, now)
    run_to_the_end(world)
    assert evaluate(world.cube["status"]).reason == Reason.TRANSFER_SUCCEEDED
    assert world.volumes_made == 1
