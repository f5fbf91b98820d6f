"""
Pods and the Jobs that hold a template of them: defaults, and what may not be written or changed.

Enough for clients to see a Job as a real server shows it, and for the runner to rely on fields
being there. Fields of a pod that no process can have (probes, affinity, …) pass unread.

Source: SetDefaults_PodSpec, SetDefaults_Job and ValidateJob in kubernetes/pkg/apis/{core,batch}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause
from datacube_runtime.local.registry.metadata import label_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from datacube_runtime.local.registry.options import Write

_CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
_POD_DEFAULTS = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_CONTAINER_DEFAULTS = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_JOB_DEFAULTS = {
    "parallelism": 1,
    "completions": 1,
    "backoffLimit": 6,
    "manualSelector": False,
    "completionMode": "NonIndexed",
    "suspend": False,
    "podReplacementPolicy": "TerminatingOrFailed",
}
_POD_MAY_CHANGE = {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"}
_POD_FROZEN = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
_JOB_FROZEN = ("completions", "selector", "template", "completionMode", "podFailurePolicy")
_JOB_NOT_NEGATIVE = (
    "parallelism",
    "completions",
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
)


def start_pod(obj: dict[str, Any]) -> None:
    """Begin a pod's status."""
    obj["status"] = {"phase": "Pending", "qosClass": "BestEffort"}


def admit_pod(obj: dict[str, Any], _write: Write) -> None:
    """Fill in the defaults of a pod."""
    spec = obj["spec"] = obj.get("spec") or {}
    _complete(spec)
    spec.setdefault("enableServiceLinks", True)


def pod_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    """Return what is wrong with a pod; most of it may not change once it is there."""
    found = list(_spec_problems(new["spec"], "spec"))
    if old is not None and _frozen_pod(new["spec"], old["spec"]) != _frozen_pod(
        old["spec"], new["spec"]
    ):
        found.append(Cause("FieldValueForbidden", "spec", _POD_FROZEN))
    return found


def start_job(obj: dict[str, Any]) -> None:
    """Tie the pods of a Job to it by labels, unless the user does that by ``manualSelector``."""
    obj["status"] = {}
    spec = obj["spec"] = obj.get("spec") or {}
    template = spec["template"] = spec.get("template") or {}
    if spec.get("manualSelector"):
        return
    uid, name = obj["metadata"]["uid"], obj["metadata"].get("name", "")
    meta = template["metadata"] = template.get("metadata") or {}
    meta["labels"] = {
        **(meta.get("labels") or {}),
        _CONTROLLER_UID: uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    spec["selector"] = {"matchLabels": {_CONTROLLER_UID: uid}}
    obj["metadata"].setdefault("labels", dict(meta["labels"]))


def admit_job(obj: dict[str, Any], _write: Write) -> None:
    """Fill in the defaults of a Job and of its pod template."""
    spec = obj["spec"]
    if spec.get("podFailurePolicy"):
        spec.setdefault("podReplacementPolicy", "Failed")
    for field, value in _JOB_DEFAULTS.items():
        spec.setdefault(field, value)
    pod = spec["template"]["spec"] = spec["template"].get("spec") or {}
    had_policy = "restartPolicy" in pod
    _complete(pod)
    if not had_policy:
        # The default, Always, is no choice for a Job: the user has to say.
        del pod["restartPolicy"]


def job_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    """Return what is wrong with a Job."""
    spec = new["spec"]
    found = [
        Cause(
            "FieldValueInvalid",
            f"spec.{field}",
            f"Invalid value: {spec[field]}: must be greater than or equal to 0",
        )
        for field in _JOB_NOT_NEGATIVE
        if isinstance(spec.get(field), int) and spec[field] < 0
    ]
    pod = spec["template"]["spec"]
    found += _spec_problems(pod, "spec.template.spec")
    found += _policy_problems(pod)
    if old is not None:
        found += [
            Cause("FieldValueInvalid", f"spec.{field}", "Invalid value: field is immutable")
            for field in _JOB_FROZEN
            if spec.get(field) != old["spec"].get(field)
        ]
    return found


def _policy_problems(pod: Mapping[str, Any]) -> list[Cause]:
    field, policy = "spec.template.spec.restartPolicy", pod.get("restartPolicy")
    if policy is None:
        message = 'Required value: valid values: "OnFailure", "Never"'
        return [Cause("FieldValueRequired", field, message)]
    if policy not in ("OnFailure", "Never"):
        message = f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"'
        return [Cause("FieldValueNotSupported", field, message)]
    return []


def _complete(spec: dict[str, Any]) -> None:
    for field, value in _POD_DEFAULTS.items():
        spec.setdefault(field, value)
    spec.setdefault("securityContext", {})
    for container in _containers(spec):
        for field, value in _CONTAINER_DEFAULTS.items():
            container.setdefault(field, value)
        container.setdefault("resources", {})
        is_latest = ":" not in container.get("image", "") or container["image"].endswith(":latest")
        container.setdefault("imagePullPolicy", "Always" if is_latest else "IfNotPresent")


def _spec_problems(spec: Mapping[str, Any], path: str) -> Iterable[Cause]:
    if not spec.get("containers"):
        yield Cause("FieldValueRequired", f"{path}.containers", "Required value")
    for index, container in enumerate(spec.get("containers") or ()):
        at, name = f"{path}.containers[{index}]", container.get("name")
        if not name:
            yield Cause("FieldValueRequired", f"{at}.name", "Required value")
        for problem in label_problems(name) if name else ():
            message = f'Invalid value: "{name}": {problem}'
            yield Cause("FieldValueInvalid", f"{at}.name", message)
        if not container.get("image"):
            yield Cause("FieldValueRequired", f"{at}.image", "Required value")


def _frozen_pod(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may not change; a pod is given to a node once."""
    free = _POD_MAY_CHANGE | (
        set() if spec.get("nodeName") and other.get("nodeName") else {"nodeName"}
    )
    frozen = {field: value for field, value in spec.items() if field not in free}
    for field in ("containers", "initContainers"):
        if field in frozen:
            frozen[field] = [{**c, "image": ""} for c in frozen[field]]
    return frozen


def _containers(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
