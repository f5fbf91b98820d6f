"""
What the caches keep of an object: the fields that a decision reads, and nothing of what is over.

Ten thousand finished DataCubes with their Jobs and pods would be several hundred megabytes of
Python objects. An object that is read for an action is read whole; these serve to tell that there
is nothing to do.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_api.naming import ANNOTATION_PREFIX, CUBE_LABEL, CUBE_UID
from datacube_api.status import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datacube_runtime.controller.objects import Obj

_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp")
_HUSK = ("name", "namespace", "uid", "resourceVersion", "ownerReferences")
_OWNER = ("kind", "name", "uid", "controller")
_POD = ("phase", "reason", "message", "containerStatuses", "initContainerStatuses")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def slim_cube(cube: Obj) -> Obj:
    """Return the DataCube, of which only the end and its time stay when it has ended."""
    status = cube.get("status")
    if not evaluate(status).phase.is_terminal:
        meta = {key: value for key, value in cube["metadata"].items() if key != "managedFields"}
        return {**cube, "metadata": meta}
    status = status or {}
    ended = [c for c in status.get("conditions") or () if c.get("status") == "True"]
    kept = [_only(c, ("type", "status", "lastTransitionTime")) for c in ended]
    slim: dict[str, Any] = {"metadata": _meta(cube), "status": {"conditions": kept}}
    if at := status.get("completionTime"):
        slim["status"]["completionTime"] = at
    return slim


def slim_job(job: Obj) -> Obj:
    """Return the Job without what its pods are made of."""
    suspended = (job.get("spec") or {}).get("suspend")
    spec = {"suspend": True} if suspended else {}
    return {"metadata": _meta(job), "spec": spec, "status": job.get("status") or {}}


def slim_pod(pod: Obj) -> Obj:
    """Return the pod: its state, where it runs, and which claims it mounts."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    kept = _only(status, _POD)
    if waits := [c for c in status.get("conditions") or () if _tells(c)]:
        kept["conditions"] = waits
    for word in ("containerStatuses", "initContainerStatuses"):
        if word in kept:
            kept[word] = [_only(entry, ("name", "state")) for entry in kept[word]]
    claims = [v for v in spec.get("volumes") or () if "persistentVolumeClaim" in v]
    slim_spec = _only(spec, ("activeDeadlineSeconds", "nodeName"))
    return {"metadata": _meta(pod), "spec": {**slim_spec, "volumes": claims}, "status": kept}


def husk(obj: Obj) -> Obj:
    """Return what is left of a Job or a pod whose DataCube has ended: who it is, and whose."""
    return {"metadata": _only(obj["metadata"], _HUSK), "spec": _NOTHING, "status": _NOTHING}


def _tells(condition: Mapping[str, Any]) -> bool:
    kind = condition.get("type")
    return kind == "DisruptionTarget" or (kind == "PodScheduled" and condition["status"] == "False")


def _meta(obj: Obj) -> dict[str, Any]:
    given = obj["metadata"]
    meta = _only(given, _META)
    owners = given.get("ownerReferences") or ()
    if kept := [_only(owner, _OWNER) for owner in owners if owner.get("controller")]:
        meta["ownerReferences"] = kept
    if label := (given.get("labels") or {}).get(CUBE_LABEL):
        meta["labels"] = {CUBE_LABEL: sys.intern(label)}
    notes = given.get("annotations") or {}
    if ours := {k: v for k, v in notes.items() if k == CUBE_UID or k.startswith(ANNOTATION_PREFIX)}:
        meta["annotations"] = ours
    return meta


def _only(given: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {field: _once(given[field]) for field in fields if field in given}


def _once(value: Any) -> Any:
    """Return the same string for the same text: uids, names and times stand in several objects."""
    return sys.intern(value) if isinstance(value, str) else value
