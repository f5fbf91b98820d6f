"""
Jobs: defaults, and the labels that tie their pods to them. For the rules see ``jobrules``.

Source: SetDefaults_Job in k8s.io/kubernetes/pkg/apis/batch/v1/defaults.go, generateSelector in
k8s.io/kubernetes/pkg/registry/batch/job/strategy.go
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.kinds.conditions import complete_conditions
from datacube_runtime.local.registry.kinds.failurepolicy import complete_policy
from datacube_runtime.local.registry.kinds.jobrules import (
    CONTROLLER_UID,
    generated_labels,
    job_problems,
)
from datacube_runtime.local.registry.kinds.podspec.defaults import complete
from datacube_runtime.local.registry.metadata.labels import label_value_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.registry.errors import Cause
    from datacube_runtime.local.registry.options import Write

_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "parallelism": 1,
        "manualSelector": False,
        "completionMode": "NonIndexed",
        "suspend": False,
    }
)
_BACKOFF_LIMIT = 6
_NO_LIMIT = 2**31 - 1


def _start_job(obj: dict[str, Any]) -> None:
    """Tie the pods of a Job to it by labels, unless the user does that by ``manualSelector``."""
    obj["status"] = {}
    spec = obj["spec"] = obj.get("spec") or {}
    template = spec["template"] = spec.get("template") or {}
    if spec.get("manualSelector"):
        return
    meta = template["metadata"] = template.get("metadata") or {}
    labels = meta["labels"] = {**generated_labels(obj["metadata"]), **(meta.get("labels") or {})}
    selector = spec["selector"] = spec.get("selector") or {}
    selector["matchLabels"] = {
        CONTROLLER_UID: obj["metadata"]["uid"],
        **(selector.get("matchLabels") or {}),
    }
    if not any(label_value_problems(value) for value in labels.values()):
        # A real server adds these when it reads a Job back; a bad one is the template's fault.
        obj["metadata"].setdefault("labels", dict(labels))


def _admit_job(obj: dict[str, Any], _write: Write) -> None:
    """Fill in the defaults of a Job and of its pod template."""
    spec = obj["spec"] = obj.get("spec") or {}
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("backoffLimit", _NO_LIMIT if "backoffLimitPerIndex" in spec else _BACKOFF_LIMIT)
    has_policy = "podFailurePolicy" in spec
    spec.setdefault("podReplacementPolicy", "Failed" if has_policy else "TerminatingOrFailed")
    for field, value in _DEFAULTS.items():
        spec.setdefault(field, value)
    complete_policy(spec.get("podFailurePolicy") or {})
    template = spec["template"] = spec.get("template") or {}
    pod = template["spec"] = template.get("spec") or {}
    complete(pod)
    complete_conditions(obj.get("status") or {})


def _job_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    """Return what is wrong with a Job; one whose spec stays is let through."""
    if old is not None and new["spec"] == old["spec"]:
        return []
    return [*job_problems(new, old)]


JOB_KIND = Kind(
    start=_start_job,
    generates=True,
    admit=_admit_job,
    problems=_job_problems,
    has_generation=True,
)
