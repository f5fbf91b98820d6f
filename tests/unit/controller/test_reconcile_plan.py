from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from datacube_api.reasons import Reason
from datacube_api.status import Phase, evaluate
from datacube_runtime.controller.actions import CreateJob, CreateVolume, PatchStatus, Plan
from datacube_runtime.controller.reconcile import claim_of, plan, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from datacube_runtime.controller.settings import Settings


@pytest.fixture
def plan_for(now: datetime, settings: Settings) -> Callable[..., Plan]:
    def planned(
        cube: Any, job: Any = None, pods: Any = (), pvc: Any = None, after_s: float = 0
    ) -> Plan:
        return plan(cube, job, pods, pvc, now + timedelta(seconds=after_s), settings)

    return planned


def kinds(planned: Plan) -> list[type]:
    return [type(action) for action in planned.actions]


def status_in(planned: Plan) -> dict[str, Any]:
    (action,) = planned.actions
    assert isinstance(action, PatchStatus)
    return dict(action.status)


def outcome_of(planned: Plan) -> tuple[Phase, str, str]:
    outcome = evaluate(status_in(planned))
    return outcome.phase, outcome.reason, outcome.message


@pytest.mark.parametrize("kind", ["Complete", "Failed"])
def test_a_finished_cube_is_left_alone(make: Any, plan_for: Any, kind: str) -> None:
    cube = make.cube(status={"conditions": [{"type": kind, "status": "True"}]})
    assert plan_for(cube) == Plan()
    assert plan_for(cube, make.job(cube, "Complete")) == Plan()


def test_a_cube_that_is_being_deleted_is_left_alone(make: Any, plan_for: Any) -> None:
    cube = make.cube(metadata={"deletionTimestamp": "2026-11-23T12:00:00Z"})
    assert plan_for(cube, pvc=make.claim()) == Plan()


def test_failed_false_is_not_the_end(make: Any, plan_for: Any) -> None:
    cube = make.cube(status={"conditions": [{"type": "Failed", "status": "False"}]})
    assert kinds(plan_for(cube, pvc=make.claim())) == [CreateJob]


def test_with_its_volume_there_the_job_is_made(make: Any, plan_for: Any) -> None:
    (action,) = plan_for(make.cube(), pvc=make.claim()).actions
    assert isinstance(action, CreateJob)
    assert action.manifest["metadata"]["name"] == "cube-batchjob"


def test_a_missing_volume_is_made_from_the_template_before_the_job(
    make: Any, plan_for: Any
) -> None:
    assert kinds(plan_for(make.with_template())) == [CreateVolume, CreateJob]


def test_a_volume_that_is_there_is_used_as_it_is(make: Any, plan_for: Any) -> None:
    assert kinds(plan_for(make.with_template(), pvc=make.claim())) == [CreateJob]


def test_a_volume_is_not_made_again_once_there_is_a_job(make: Any, plan_for: Any) -> None:
    cube = make.with_template()
    assert CreateVolume not in kinds(plan_for(cube, make.job(cube)))


def test_a_missing_volume_without_template_is_waited_for_a_little(make: Any, plan_for: Any) -> None:
    planned = plan_for(make.cube())
    phase, reason, message = outcome_of(planned)
    assert (phase, reason) == (Phase.PENDING, "VolumeNotFound")
    assert "spec.sink.pvc.name" in message
    assert "'data'" in message
    assert "spec.sink.pvc.template" in message
    assert planned.requeue_after_s == 1.0


def test_the_last_wait_ends_with_the_grace(make: Any, plan_for: Any) -> None:
    later = plan_for(make.cube(), after_s=4.5)
    assert later.requeue_after_s == pytest.approx(0.5)


def test_waiting_on_says_nothing_new(make: Any, plan_for: Any) -> None:
    cube = make.cube()
    waiting = status_in(plan_for(cube))
    again = plan_for({**cube, "status": waiting}, after_s=1)
    assert again.actions == ()
    assert again.requeue_after_s is not None


def test_after_the_grace_a_missing_volume_is_a_failure(make: Any, plan_for: Any) -> None:
    planned = plan_for(make.cube(), after_s=5)
    assert outcome_of(planned)[:2] == (Phase.FAILED, "VolumeNotFound")
    assert planned.requeue_after_s is None


def test_an_upload_names_its_own_field_and_no_template(make: Any, plan_for: Any) -> None:
    cube = make.cube()
    cube["spec"] = {"source": cube["spec"]["sink"], "sink": cube["spec"]["source"]}
    message = outcome_of(plan_for(cube))[2]
    assert "spec.source.pvc.name" in message
    assert "template" not in message


def test_a_volume_that_is_being_deleted_is_not_used(make: Any, plan_for: Any) -> None:
    dying = make.claim(deletionTimestamp="2026-11-23T12:00:00Z")
    planned = plan_for(make.with_template(), pvc=dying)
    phase, reason, message = outcome_of(planned)
    assert (phase, reason) == (Phase.PENDING, "VolumeNotFound")
    assert "being deleted" in message
    assert planned.requeue_after_s == 1.0
    assert outcome_of(plan_for(make.cube(), pvc=dying))[1] == "VolumeNotFound"


def test_an_invalid_spec_fails_and_names_the_field(make: Any, plan_for: Any) -> None:
    cube = make.cube(source={"type": "git", "options": []})
    phase, reason, message = outcome_of(plan_for(cube, pvc=make.claim()))
    assert (phase, reason) == (Phase.FAILED, "InvalidSpec")
    assert "spec.source.options" in message
    assert claim_of(cube) is None


def test_an_invalid_spec_says_no_value(make: Any, plan_for: Any) -> None:
    options = [{"name": "token", "value": "canary-7c1", "valueFrom": {}}]
    cube = make.cube(source={"type": "git", "options": options})
    assert "canary-7c1" not in repr(plan_for(cube))


def test_a_job_of_somebody_else_is_a_failure(make: Any, plan_for: Any) -> None:
    cube = make.cube()
    job = make.job(cube)
    job["metadata"]["ownerReferences"] = []
    phase, reason, message = outcome_of(plan_for(cube, job))
    assert (phase, reason) == (Phase.FAILED, "JobNotOurs")
    assert "'cube-batchjob'" in message


def test_a_reference_that_does_not_control_is_no_ownership(make: Any, plan_for: Any) -> None:
    cube = make.cube()
    job = make.job(cube)
    job["metadata"]["ownerReferences"][0]["controller"] = False
    assert outcome_of(plan_for(cube, job))[1] == "JobNotOurs"


def test_the_job_of_a_deleted_namesake_is_waited_out(make: Any, plan_for: Any) -> None:
    cube = make.cube()
    job = make.job(make.cube(metadata={"uid": "uid-before"}), "Complete")
    planned = plan_for(cube, job)
    phase, reason, message = outcome_of(planned)
    assert (phase, reason) == (Phase.PENDING, "PodPending")
    assert "same name" in message
    assert planned.requeue_after_s == 1.0


@pytest.mark.parametrize(("waited_s", "again_s"), [(2, 1), (20, 5), (3600, 15)])
def test_what_nobody_tells_of_is_looked_at_more_seldom_the_longer_it_takes(
    make: Any, settings: Settings, now: datetime, waited_s: float, again_s: float
) -> None:
    cube = make.cube()
    job = make.job(make.cube(metadata={"uid": "uid-before"}), "Complete")
    (said,) = plan(cube, job, (), None, now, settings).actions
    assert isinstance(said, PatchStatus)
    later = now + timedelta(seconds=waited_s)
    planned = plan({**cube, "status": said.status}, job, (), None, later, settings)
    assert planned.requeue_after_s == again_s


@pytest.mark.parametrize(
    "status",
    [
        {"pod": {"reference": {"name": "p", "uid": "u"}}},
        {"conditions": [{"type": "Initialized", "status": "True"}]},
    ],
)
def test_a_job_that_vanished_is_never_made_again(make: Any, plan_for: Any, status: Any) -> None:
    planned = plan_for(make.cube(status=status), pvc=make.claim())
    assert outcome_of(planned)[:2] == (Phase.FAILED, "JobLost")


def test_a_cube_that_only_waited_gets_its_job(make: Any, plan_for: Any) -> None:
    status = {"conditions": [{"type": "Initialized", "status": "False"}]}
    assert kinds(plan_for(make.cube(status=status), pvc=make.claim())) == [CreateJob]


def test_a_running_job_is_followed_even_where_the_spec_would_be_refused_now(
    make: Any, plan_for: Any
) -> None:
    cube = make.cube(source={"type": "git"})
    planned = plan_for(cube, make.job(cube), [make.pod("Running")])
    assert outcome_of(planned)[0] is Phase.RUNNING


def test_the_claim_to_look_for_is_the_volumes(make: Any) -> None:
    assert claim_of(make.cube()) == "data"
    ended = make.cube(status={"conditions": [{"type": "Failed", "status": "True"}]})
    assert claim_of(ended) is None


def test_what_the_api_server_finds_invalid_fails_the_cube(make: Any, now: datetime) -> None:
    told = refusal(make.cube(), CreateVolume({}), "storage: bad", now, final=True)
    assert outcome_of(told)[:2] == (Phase.FAILED, Reason.INVALID_SPEC)
    assert "spec.sink.pvc.template" in outcome_of(told)[2]


def test_what_may_still_be_allowed_is_waited_for_and_said(make: Any, now: datetime) -> None:
    told = refusal(make.cube(), CreateJob({}), "exceeded quota", now, final=False)
    assert outcome_of(told)[:2] == (Phase.PENDING, Reason.POD_PENDING)
    assert "exceeded quota" in outcome_of(told)[2]
