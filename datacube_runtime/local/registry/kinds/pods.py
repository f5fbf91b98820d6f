"""
Pods: what begins with one, and what of it may change. Their specs are the business of ``podspec``.

Source: ValidatePodCreate and ValidatePodUpdate in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, denied, each, wrong
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.kinds.conditions import complete_conditions
from datacube_runtime.local.registry.kinds.podspec.defaults import complete_pod
from datacube_runtime.local.registry.kinds.podspec.quality import class_of
from datacube_runtime.local.registry.kinds.podspec.rules import spec_problems
from datacube_runtime.local.registry.kinds.podspec.scheduling import lost_tolerations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write

_POD_MAY_CHANGE = {"activeDeadlineSeconds", "schedulingGates", "tolerations"}
_DEADLINE, _GRACE = "activeDeadlineSeconds", "terminationGracePeriodSeconds"
_GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
_POD_FROZEN = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)


def _start_pod(obj: dict[str, Any]) -> None:
    """Begin a pod's status; its class is known once the defaults are filled in."""
    is_gated = bool((obj.get("spec") or {}).get("schedulingGates"))
    obj["status"] = {"phase": "Pending", **({"conditions": [dict(_GATED)]} if is_gated else {})}


def _admit_pod(obj: dict[str, Any], _write: Write) -> None:
    """Fill in the defaults of a pod."""
    spec = obj["spec"] = obj.get("spec") or {}
    complete_pod(spec)
    status = obj["status"] = obj.get("status") or {}
    status.setdefault("qosClass", class_of(spec))
    complete_conditions(status)


def _pod_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    """Return what is wrong with a pod; most of its spec may not change once it is there."""
    if old is not None and new["spec"] == old["spec"]:
        return []
    found = [*spec_problems(new["spec"], "spec"), *_image_problems(new["spec"])]
    if old is None:
        return [*found, *_beginning_problems(new["spec"])]
    return [*found, *_change_problems(new["spec"], old["spec"])]


def _beginning_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what a pod cannot begin with."""
    if spec.get("ephemeralContainers"):
        yield denied("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        why = "cannot be set until all schedulingGates have been cleared"
        yield denied("spec.nodeName", why)


def _change_problems(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what may not change; a real server looks no further where containers come or go."""
    for field in ("containers", "initContainers"):
        if len(new.get(field) or ()) != len(old.get(field) or ()):
            yield denied(at("spec", field), "pod updates may not add or remove containers")
            return
    deadline_s, before_s = new.get(_DEADLINE), old.get(_DEADLINE)
    if deadline_s is None and before_s is not None:
        why = "must not update from a positive integer to nil value"
        yield wrong(at("spec", _DEADLINE), None, why)
    elif deadline_s is not None and before_s is not None and deadline_s > before_s:
        why = "must be less than or equal to previous value"
        yield wrong(at("spec", _DEADLINE), deadline_s, why)
        return
    yield from lost_tolerations("spec.tolerations", new.get("tolerations"), old.get("tolerations"))
    yield from _gate_problems(new, old)
    if _frozen_pod(new) != _frozen_pod(_in_reach(old, new)):
        yield denied("spec", _POD_FROZEN)


def _in_reach(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a pod was, with the time to end that it may be given: 1 where it had none."""
    is_mended = old.get(_GRACE, 0) < 0 and new.get(_GRACE) == 1
    return {**old, _GRACE: 1} if is_mended else old


def _gate_problems(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield which gates came too late: they can only be opened."""
    known = [gate.get("name") for gate in old.get("schedulingGates") or ()]
    for where, gate in each("spec.schedulingGates", new.get("schedulingGates")):
        if (name := gate.get("name")) not in known:
            why = f"only deletion is allowed, but found new scheduling gate '{name}'"
            yield denied(at(where, "name"), why)


def _image_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with images in pods alone; templates are let off."""
    for field in ("containers", "initContainers"):
        for where, container in each(at("spec", field), spec.get(field)):
            image = container.get("image", "")
            if image != image.strip():
                why = "must not have leading or trailing whitespace"
                yield wrong(at(where, "image"), image, why)


def _frozen_pod(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may not change: a pod is given to a node by a binding alone."""
    frozen = {field: value for field, value in spec.items() if field not in _POD_MAY_CHANGE}
    for field in ("containers", "initContainers"):
        if field in frozen:
            frozen[field] = [{**c, "image": ""} for c in frozen[field]]
    return frozen


POD_KIND = Kind(
    start=_start_pod,
    admit=_admit_pod,
    problems=_pod_problems,
    has_generation=True,
    answers_deleted=True,
)
