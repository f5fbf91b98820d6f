"""
What is wrong with a Job, and what of it may not change.

A real server looks at the spec of a changed Job twice, and says each cause as often.

Source: ValidateJob and ValidateJobUpdate in
k8s.io/kubernetes/pkg/apis/batch/validation/validation.go
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import (
    NOT_SHOWN,
    at,
    required,
    unknown_choice,
    unsupported,
    wrong,
)
from datacube_runtime.local.registry.kinds.failurepolicy import policy_problems
from datacube_runtime.local.registry.kinds.podspec.rules import spec_problems
from datacube_runtime.local.registry.metadata.labels import label_value_problems
from datacube_runtime.local.registry.metadata.names import label_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
_NOT_NEGATIVE = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_MODES = ("NonIndexed", "Indexed")
_PARALLEL_MAX = 100_000
_FROZEN = "field is immutable"
_FROZEN_LATER = (
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
)
_DIRECTIVES = ("nodeSelector", "tolerations", "schedulingGates")
"""What decides where pods run: free while a Job has not begun."""


def generated_labels(meta: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that tie the pods of a Job to it, in the old words and the new."""
    name, uid = meta.get("name", ""), meta["uid"]
    return {
        CONTROLLER_UID: uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }


def job_problems(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterator[Cause]:
    """Yield what is wrong with a Job, given what it was."""
    yield from _selector_problems(new)
    spec = [*_spec_problems(new["spec"])]
    yield from spec
    yield from _hostname_problems(new)
    if old is not None:
        yield from spec
        yield from _update_problems(new["spec"], old)


def _selector_problems(job: Mapping[str, Any]) -> Iterator[Cause]:
    spec = job["spec"]
    if spec.get("manualSelector") or "selector" not in spec:
        return
    expected = generated_labels(job["metadata"])
    labels, where = _labels(spec), "spec.template.metadata.labels"
    for key, value in expected.items():
        if key not in labels:
            yield required(f"{where}[{key}]", f"must be '{value}'")
        elif labels[key] != value:
            yield wrong(f"{where}[{key}]", labels, f"must be '{value}'")
    if not _matches(spec["selector"], expected):
        yield wrong("spec.selector", spec["selector"], "`selector` not auto-generated")


def _spec_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    for field in _NOT_NEGATIVE:
        if spec.get(field, 0) < 0:
            yield wrong(at("spec", field), spec[field], "must be greater than or equal to 0")
    yield from _index_problems(spec)
    if "podFailurePolicy" in spec:
        yield from policy_problems("spec.podFailurePolicy", spec)
    yield from _replacement_problems(spec)
    for value in _labels(spec).values():
        for problem in label_value_problems(value):
            yield wrong("spec.template.labels", value, problem)
    yield from spec_problems(spec["template"]["spec"], "spec.template.spec")
    yield from _restart_problems(spec)
    if "selector" not in spec:
        yield required("spec.selector")
    if "selector" not in spec or not _matches(spec["selector"], _labels(spec)):
        why = "`selector` does not match template `labels`"
        yield wrong("spec.template.metadata.labels", _labels(spec) or None, why)


def _index_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    mode = spec.get("completionMode", _MODES[0])
    per_index = [f for f in ("backoffLimitPerIndex", "maxFailedIndexes") if f in spec]
    if per_index == ["maxFailedIndexes"]:
        yield required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if mode not in _MODES:
        yield unsupported("spec.completionMode", mode, _MODES)
    if mode == "Indexed":
        if "completions" not in spec:
            yield required("spec.completions", "when completion mode is Indexed")
        if spec.get("parallelism", 0) > _PARALLEL_MAX:
            why = f"must be less than or equal to {_PARALLEL_MAX} when completion mode is Indexed"
            yield wrong("spec.parallelism", spec["parallelism"], why)
        return
    for field in per_index:
        yield wrong(at("spec", field), spec[field], "requires indexed completion mode")
    if "successPolicy" in spec:
        yield wrong("spec.successPolicy", NOT_SHOWN, "requires indexed completion mode")


def _replacement_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    known = ("Failed",) if "podFailurePolicy" in spec else ("Failed", "TerminatingOrFailed")
    yield from unknown_choice("spec", spec, "podReplacementPolicy", known)


def _restart_problems(spec: Mapping[str, Any]) -> Iterator[Cause]:
    where, policy = "spec.template.spec.restartPolicy", spec["template"]["spec"]["restartPolicy"]
    if policy == "Always":  # the default of pods, so the user may have said nothing
        yield required(where, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield unsupported(where, policy, ("OnFailure", "Never"))
    elif "podFailurePolicy" in spec and policy != "Never":
        yield wrong(where, policy, 'only "Never" is supported when podFailurePolicy is specified')


def _hostname_problems(job: Mapping[str, Any]) -> Iterator[Cause]:
    name, spec = job["metadata"].get("name", ""), job["spec"]
    last = f"{name}-{spec.get('completions', 0) - 1}"
    has_pods = spec.get("completionMode") == "Indexed" and spec.get("completions", 0) > 0
    if has_pods and label_problems(last):
        why = f"will not able to create pod with invalid DNS label: {last}"
        yield wrong("metadata.name", name, why)


def _update_problems(spec: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    before = old["spec"]
    for field in ("completions", "selector"):
        if spec.get(field) != before.get(field):
            yield wrong(at("spec", field), spec.get(field), _FROZEN)
    yield from _template_problems(spec["template"], old)
    for field in _FROZEN_LATER:
        if spec.get(field) != before.get(field):
            yield wrong(at("spec", field), spec.get(field), _FROZEN)


def _template_problems(template: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield that a template may not change: it is long, so it is not shown."""
    before = copy.deepcopy(old["spec"]["template"])
    if not old["spec"].get("suspend"):
        if template != before:
            yield wrong("spec.template", NOT_SHOWN, _FROZEN)
        return
    new, last = dict(template["spec"]), before["spec"]
    if "startTime" not in old.get("status", {}):
        new = {field: value for field, value in new.items() if field not in _DIRECTIVES}
        last = {field: value for field, value in last.items() if field not in _DIRECTIVES}
    if _without_resources(new) != _without_resources(last):
        yield wrong("spec.template.spec", NOT_SHOWN, _FROZEN)


def _without_resources(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(spec)
    for field in ("containers", "initContainers"):
        if field in kept:
            kept[field] = [{**container, "resources": {}} for container in kept[field]]
    return kept


def _labels(spec: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = (spec["template"].get("metadata") or {}).get("labels") or {}
    return labels


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether labels fit a selector, as far as it names values."""
    return all(
        labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    )
