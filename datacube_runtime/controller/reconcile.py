"""
What to do next for one DataCube, given what is there: the whole policy of the controller.

Pure and level-based. Nothing is remembered between two plans but what the API server holds, so a
plan may be dropped, repeated or half carried out, and the next one continues. ``plan`` trusts what
it is given to be fresh where it matters: a Job that is said to be missing must have been looked
for, since a second Job would be a second transfer.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from datacube_api.errors import DataCubeSpecError
from datacube_api.models import DataCube, Direction
from datacube_api.naming import CUBE_UID
from datacube_api.pod_settings import ANNOTATIONS
from datacube_api.reasons import Reason
from datacube_api.reference import KIND
from datacube_api.status import Phase, evaluate
from datacube_runtime.controller import podless, report
from datacube_runtime.controller import pods as podlike
from datacube_runtime.controller.actions import (
    Action,
    CreateJob,
    CreateVolume,
    PatchStatus,
    Plan,
    SuspendJob,
)
from datacube_runtime.controller.job import job_manifest, job_name
from datacube_runtime.controller.objects import (
    controller_of,
    is_being_deleted,
    is_owned_by,
    uid_of,
)
from datacube_runtime.controller.volume import volume_manifest
from datacube_runtime.controller.wishes import asked_of, expire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_api.models import Spec
    from datacube_runtime.controller.objects import Obj
    from datacube_runtime.controller.settings import Settings

_LOOK_AGAIN_S = 1.0
_LOOK_SELDOM_S = 15.0
_SUSPENDED_BY = (
    f"annotation {ANNOTATIONS['suspend']}, or the controller's default of it, says so; set it to "
    "false to go on"
)


def plan(  # noqa: PLR0913, PLR0917 - everything that a decision depends on
    cube: Obj,
    job: Obj | None,
    pods: Sequence[Obj],
    pvc: Obj | None,
    now: datetime,
    settings: Settings,
    node: str | None = None,
    refused: str = "",
) -> Plan:
    """
    Compare what is asked with what is there; same inputs, same plan.

    :param job: the object that has the name of the DataCube's Job, whoever made it
    :param pods: those of that Job; where it is missing, all that are labelled as the DataCube's
    :param pvc: the claim ``claim_of`` names
    :param node: the one that has the claim in use, so that the pod has to run there
    :param refused: why the Job gets no pod, or no next one, as Kubernetes says it
    """
    if is_settled(cube):
        return Plan() if is_being_deleted(cube) else expire(cube, now, settings)
    if job is not None:
        return _follow(cube, job, pods, now, settings, refused)
    if _had_a_job(cube, pods):
        return _fail(cube, Reason.JOB_LOST, _lost(cube), now)
    if (name := _still_at_work(cube, pods)) is not None:
        text = f"waiting until pod {name!r} of a deleted DataCube of the same name is gone"
        return _put_off(cube, Reason.POD_PENDING, text, now)
    return _start(cube, pvc, now, settings, node or "")


def is_settled(cube: Obj) -> bool:
    """
    Tell whether nothing is to be transferred any more: it ended, or it is being deleted.

    A finished DataCube is never touched again, but for its deletion when its time is up. Of a
    deleted one the garbage collection takes the Job, through its owner reference.
    """
    return is_being_deleted(cube) or evaluate(cube.get("status")).phase.is_terminal


def claim_of(cube: Obj) -> str | None:
    """Return the name of the claim that has to be there before the Job is; None if that is moot."""
    if is_settled(cube):
        return None
    try:
        return _spec_of(cube).volume.name
    except DataCubeSpecError:
        return None


def refusal(cube: Obj, action: Action, message: str, now: datetime, *, final: bool) -> Plan:
    """
    Decide what to tell when the API server refused to create something.

    ``final`` means that it found the object invalid, which no retry will change. Else (RBAC, a
    quota) somebody may still allow it, and reads in the status what is missing.
    """
    field = "spec.sink.pvc.template" if isinstance(action, CreateVolume) else "spec"
    text = f"{field}: the API server refuses what is made of it: {message}"
    if final:
        return _fail(cube, Reason.INVALID_SPEC, text, now)
    return _say(cube, report.waiting(_status_of(cube), Reason.POD_PENDING, text, now))


def _start(cube: Obj, pvc: Obj | None, now: datetime, settings: Settings, node: str) -> Plan:
    """Begin, if nothing is wrong and nobody holds it back."""
    try:
        spec = _spec_of(cube)
    except DataCubeSpecError as error:
        return _fail(cube, Reason.INVALID_SPEC, str(error), now)
    try:
        asked = asked_of(cube, settings)
    except DataCubeSpecError as error:
        return _fail(cube, Reason.INVALID_SETTINGS, str(error), now)
    if asked.suspend:
        text = f"not started: {_SUSPENDED_BY}"
        return _say(cube, report.suspended(_status_of(cube), text, now))
    create_job = CreateJob(job_manifest(cube, spec, settings, asked, node))
    return _begin(cube, spec, pvc, now, settings, create_job)


def _begin(  # noqa: PLR0913, PLR0917 - as plan
    cube: Obj,
    spec: Spec,
    pvc: Obj | None,
    now: datetime,
    settings: Settings,
    create_job: CreateJob,
) -> Plan:
    if pvc is not None and not is_being_deleted(pvc):
        return Plan((create_job,))
    if spec.volume.template is None:
        return _await_volume(cube, spec, now, settings)
    if pvc is not None:
        text = f"{_claim(spec)} is being deleted; a new one is made when it is gone"
        return _put_off(cube, Reason.VOLUME_NOT_FOUND, text, now)
    volume = volume_manifest(cube["metadata"]["namespace"], spec.volume)
    return Plan((CreateVolume(volume), create_job))


def _await_volume(cube: Obj, spec: Spec, now: datetime, settings: Settings) -> Plan:
    """Wait a little: a DataCube and its claim are often applied together, in any order."""
    mend = "create it first"
    if spec.direction is Direction.DOWNLOAD:
        mend += ", or give spec.sink.pvc.template so that it is created"
    namespace = cube["metadata"]["namespace"]
    text = f"{_claim(spec)} is not there in namespace {namespace!r}: {mend}"
    left_s = settings.volume_grace_s - (now - _created(cube)).total_seconds()
    if left_s <= 0:
        return _fail(cube, Reason.VOLUME_NOT_FOUND, text, now)
    waiting = report.waiting(_status_of(cube), Reason.VOLUME_NOT_FOUND, text, now)
    return _say(cube, waiting, requeue_after_s=min(_LOOK_AGAIN_S, left_s))


def _follow(  # noqa: PLR0913, PLR0917 - as plan
    cube: Obj, job: Obj, pods: Sequence[Obj], now: datetime, settings: Settings, refused: str
) -> Plan:
    """Tell how the Job fares, if it is this DataCube's."""
    if is_owned_by(job, cube):
        return _observe(cube, job, pods, now, settings, refused)
    name = job["metadata"]["name"]
    if _is_of_a_predecessor(job, cube):
        text = f"waiting until Job {name!r} of a deleted DataCube of the same name is gone"
        return _put_off(cube, Reason.POD_PENDING, text, now)
    text = f"Job {name!r} is there already and is not this DataCube's: delete or rename one of them"
    return _fail(cube, Reason.JOB_NOT_OURS, text, now)


def _observe(  # noqa: PLR0913, PLR0917 - as plan
    cube: Obj, job: Obj, pods: Sequence[Obj], now: datetime, settings: Settings, refused: str
) -> Plan:
    status = _status_of(cube)
    told = report.observed(status, job, pods, now, refused)
    if report.finished_condition(job):
        return _say(cube, told)
    is_held = bool((job.get("spec") or {}).get("suspend"))
    try:
        wanted = bool(asked_of(cube, settings).suspend)
    except DataCubeSpecError:
        wanted = is_held  # spoilt after its start: it goes on as it was begun
    change = (SuspendJob(job, wanted),) if wanted != is_held else ()
    if wanted:
        told = report.stopped(status, job, pods, f"stopped: {_SUSPENDED_BY}", now)
    elif _is_ordinary(cube, told, job, now):
        return Plan(change, requeue_after_s=podless.QUIET_S)
    again_s = podless.look_again_s(job, pods, now) if podless.lacks_a_pod(job, pods) else None
    return Plan((*change, *_say(cube, told).actions), again_s)


def _is_ordinary(cube: Obj, told: Mapping[str, Any], job: Obj, now: datetime) -> bool:
    """
    Tell whether there is only the usual short wait for a pod to tell of: not worth a write yet.

    Most pods start within seconds; who waits longer, or for something, is told at once.
    """
    outcome = evaluate(told)
    created = job["metadata"].get("creationTimestamp")
    if created is None or outcome.phase is not Phase.PENDING or evaluate(_status_of(cube)).reason:
        return False
    age_s = (now - datetime.fromisoformat(created)).total_seconds()
    return age_s < podless.QUIET_S and not report.has_trouble(outcome.message)


def _is_of_a_predecessor(job: Obj, cube: Obj) -> bool:
    """
    Tell whether the garbage collection is about to take the Job.

    It is where the owner has our name and another uid: names are unique, so that owner is gone.
    """
    owner = controller_of(job)
    return (owner.get("kind"), owner.get("name")) == (KIND, cube["metadata"]["name"])


def _had_a_job(cube: Obj, pods: Sequence[Obj]) -> bool:
    """
    Tell whether there was a Job, though it is gone: by what the status says, or by its pods.

    The pods count because a controller may have died after it made the Job and before it said so.
    A Job that is deleted then with all its pods, unseen, leaves no sign: the transfer runs a second
    time, after the first. To exclude that would cost a write before every Job, or a finalizer on
    it, which holds up its namespace where the controller is gone.
    """
    status = _status_of(cube)
    if bool(status.get("pod")) or report.has_been_initialized(status):
        return True
    notes = (pod["metadata"].get("annotations") or {} for pod in pods)
    return any(note.get(CUBE_UID) == uid_of(cube) for note in notes)


def _still_at_work(cube: Obj, pods: Sequence[Obj]) -> str | None:
    """Return the name of a namesake's pod that may still write to the volume; None without one."""
    name = job_name(cube["metadata"]["name"])
    for pod in pods:
        if controller_of(pod).get("name") == name and not podlike.is_finished(pod):
            return str(pod["metadata"]["name"])
    return None


def _lost(cube: Obj) -> str:
    name = job_name(cube["metadata"]["name"])
    return (
        f"Job {name!r} was deleted before its end was seen, so nobody knows how far the transfer "
        "came: create a new DataCube to run it again"
    )


def _claim(spec: Spec) -> str:
    end = "sink" if spec.direction is Direction.DOWNLOAD else "source"
    return f"spec.{end}.pvc.name: PersistentVolumeClaim {spec.volume.name!r}"


def _fail(cube: Obj, reason: Reason, message: str, now: datetime) -> Plan:
    return _say(cube, report.failed(_status_of(cube), reason, message, now))


def _put_off(cube: Obj, reason: Reason, message: str, now: datetime) -> Plan:
    """
    Say what is waited for, and look again: nobody tells when it has come to pass.

    That is soon at first, and more seldom the longer it has waited: each look takes requests.
    """
    waiting = report.waiting(_status_of(cube), reason, message, now)
    waited_s = (now - report.waits_since(waiting, now)).total_seconds()
    again_s = min(max(_LOOK_AGAIN_S, waited_s / 4), _LOOK_SELDOM_S)
    return _say(cube, waiting, requeue_after_s=again_s)


def _say(cube: Obj, status: Mapping[str, Any], *, requeue_after_s: float | None = None) -> Plan:
    changed = status != _status_of(cube)
    return Plan((PatchStatus(status),) if changed else (), requeue_after_s)


def _spec_of(cube: Obj) -> Spec:
    return DataCube.from_manifest(cube).spec


def _status_of(cube: Obj) -> Mapping[str, Any]:
    status: Mapping[str, Any] = cube.get("status") or {}
    return status


def _created(cube: Obj) -> datetime:
    return datetime.fromisoformat(cube["metadata"]["creationTimestamp"])
