"""What annotations, defaults and a volume in use make of a plan."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from datacube_api.naming import ANNOTATION_PREFIX
from datacube_api.pod_settings import PodSettings
from datacube_api.reasons import Reason
from datacube_api.status import Phase, evaluate
from datacube_runtime.controller import caches, report
from datacube_runtime.controller.actions import (
    CreateJob,
    DeleteCube,
    PatchStatus,
    Plan,
    SuspendJob,
)
from datacube_runtime.controller.caches import OthersPods
from datacube_runtime.controller.placement import node_in_use
from datacube_runtime.controller.reconcile import plan
from datacube_runtime.controller.settings import Settings


def annotated(make: Any, **said: str) -> Any:
    notes = {ANNOTATION_PREFIX + name.replace("_", "-"): text for name, text in said.items()}
    return make.cube(metadata={"annotations": notes})


def told(found: Plan) -> Any:
    (action,) = found.actions
    assert isinstance(action, PatchStatus)
    return evaluate(action.status)


def pod_of(found: Plan) -> Any:
    (action,) = found.actions
    assert isinstance(action, CreateJob)
    return action.manifest["spec"]["template"]["spec"]


def test_settings_go_into_the_pod_over_the_defaults(make: Any, now: Any) -> None:
    cube = annotated(
        make,
        resources='{"limits": {"memory": "2Gi"}}',
        tolerations='[{"key": "gpu", "operator": "Exists"}]',
        image_pull_secrets='["registry"]',
    )
    defaults = PodSettings(node_selector={"disk": "ssd"}, service_account="transfers")
    pod = pod_of(plan(cube, None, (), make.claim(), now, Settings(defaults=defaults)))
    assert pod["containers"][0]["resources"] == {"limits": {"memory": "2Gi"}}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["serviceAccountName"] == "transfers"
    assert pod["automountServiceAccountToken"] is False


def test_an_annotation_that_cannot_be_used_fails_the_cube(
    make: Any, now: Any, settings: Any
) -> None:
    outcome = told(plan(annotated(make, suspend="x"), None, (), make.claim(), now, settings))
    assert (outcome.phase, outcome.reason) == (Phase.FAILED, Reason.INVALID_SETTINGS)
    assert "metadata.annotations[tensorstack.dev/datacube-suspend]" in outcome.message


def test_a_suspended_cube_is_not_started_and_says_so(make: Any, now: Any, settings: Any) -> None:
    cube = annotated(make, suspend="true")
    outcome = told(plan(cube, None, (), make.claim(), now, settings))
    assert (outcome.phase, outcome.reason) == (Phase.PENDING, Reason.SUSPENDED)
    held = Settings(defaults=PodSettings(suspend=True))
    free = annotated(make, suspend="false")
    assert pod_of(plan(free, None, (), make.claim(), now, held))


def test_a_running_cube_is_stopped_and_goes_on(make: Any, now: Any, settings: Any) -> None:
    cube = annotated(make, suspend="true")
    job = make.job(cube, active=1)
    stop, said = plan(
        cube, job, (make.pod("Running", state={"running": {}}),), None, now, settings
    ).actions
    assert stop == SuspendJob(job, suspend=True)
    assert evaluate(said.status).reason == Reason.SUSPENDED
    held = {**job, "spec": {"suspend": True}}
    resumed = plan({**make.cube(), "status": said.status}, held, (), None, now, settings).actions
    assert resumed[0] == SuspendJob(held, suspend=False)
    assert evaluate(resumed[1].status).reason == Reason.POD_PENDING


def test_what_is_stopped_is_told_once(make: Any, now: Any, settings: Any) -> None:
    cube, pods = annotated(make, suspend="true"), (make.ended_pod(Reason.NETWORK_ERROR),)
    held = {**make.job(cube, failed=1), "spec": {"suspend": True}}
    (said,) = plan(cube, held, pods, None, now, settings).actions
    later = now + timedelta(minutes=10)
    assert not plan({**cube, "status": said.status}, held, pods, None, later, settings).actions


@pytest.mark.parametrize(("after_s", "left"), [(30, 30), (60, None), (90, None)])
def test_a_finished_cube_is_deleted_when_its_time_is_up(
    make: Any, now: Any, settings: Any, after_s: int, left: float | None
) -> None:
    ended = report.failed({}, Reason.NO_SPACE_LEFT, "full", now.replace(microsecond=0))
    cube = {**annotated(make, ttl_seconds_after_finished="60"), "status": ended}
    later = now.replace(microsecond=0) + timedelta(seconds=after_s)
    expected = Plan((DeleteCube(),)) if left is None else Plan(requeue_after_s=left)
    assert plan(cube, None, (), None, later, settings) == expected


def test_a_finished_cube_without_a_time_stays(make: Any, now: Any, settings: Any) -> None:
    ended = report.failed({}, Reason.NO_SPACE_LEFT, "full", now)
    later = now + timedelta(days=365)
    assert plan({**make.cube(), "status": ended}, None, (), None, later, settings) == Plan()


def user_of(make: Any, phase: str = "Running", claim: str = "data", node: str = "node-1") -> Any:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]
    return {**make.pod(phase), "spec": {"nodeName": node, "volumes": volumes}}


def test_a_volume_of_one_node_is_followed_while_a_living_pod_has_it(make: Any) -> None:
    claim = {**make.claim(), "spec": {"accessModes": ["ReadWriteOnce"]}}
    assert node_in_use(claim, [user_of(make)]) == "node-1"
    assert node_in_use(claim, [user_of(make, "Succeeded")]) is None
    assert node_in_use(claim, [user_of(make, claim="other")]) is None
    assert node_in_use(claim, [user_of(make, node="")]) is None
    shared = {**make.claim(), "spec": {"accessModes": ["ReadWriteMany", "ReadWriteOnce"]}}
    assert node_in_use(shared, [user_of(make)]) is None


def test_the_pod_is_sent_to_that_node(make: Any, now: Any, settings: Any) -> None:
    pod = pod_of(plan(make.cube(), None, (), make.claim(), now, settings, "node-1"))
    required = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    assert term["matchFields"] == [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]


@pytest.mark.parametrize(
    ("waits_for", "age_s", "is_told"),
    [
        ("", 1, False),
        ("ContainerCreating", 1, False),
        ("ErrImagePull", 1, True),
        ("ContainerCreating", 4, True),
    ],
)
def test_only_a_wait_that_is_long_or_has_a_cause_is_worth_a_write(  # noqa: PLR0913, PLR0917
    make: Any,
    now: Any,
    settings: Any,
    waits_for: str,
    age_s: int,
    is_told: bool,  # noqa: FBT001
) -> None:
    cube = make.cube()
    job = make.job(cube, active=1)
    job["metadata"]["creationTimestamp"] = (now - timedelta(seconds=age_s)).isoformat()
    pod = make.pod(state={"waiting": {"reason": waits_for}} if waits_for else {})
    found = plan(cube, job, (pod,), None, now, settings)
    assert bool(found.actions) is is_told
    assert (found.requeue_after_s is not None) is not is_told


async def test_others_pods_are_asked_for_anew_once_they_are_old_and_then_forgotten(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, clock = OthersPods(), SimpleNamespace()
    monkeypatch.setattr(caches, "time", clock)
    for moment, namespace in ((0.0, "a"), (1.0, "a"), (1.5, "b"), (3.0, "a"), (9.0, "c")):
        clock.monotonic = lambda at=moment: at
        await others.of(api, namespace)
    asked = [listed.split()[1] for listed in api.listed]
    assert asked == ["a", "b", "a", "c"]
    assert others._known.keys() == {"c"}
