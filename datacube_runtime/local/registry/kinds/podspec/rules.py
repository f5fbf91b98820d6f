"""
What is wrong with the spec of a pod, in a pod or in a template.

Source: ValidatePodSpec in k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, unknown_choice, wrong
from datacube_runtime.local.registry.kinds.matching import labels_problems
from datacube_runtime.local.registry.kinds.podspec.containers import container_problems
from datacube_runtime.local.registry.kinds.podspec.scheduling import (
    affinity_problems,
    gate_problems,
    spread_problems,
    toleration_problems,
)
from datacube_runtime.local.registry.kinds.podspec.security import pod_context_problems
from datacube_runtime.local.registry.kinds.podspec.volumes import judged
from datacube_runtime.local.registry.metadata.names import label_problems, subdomain_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_RESTARTS = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTIONS = ("PreemptLowerPriority", "Never")
_INT32_MAX = 2**31 - 1


def spec_problems(spec: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """Yield what is wrong with the spec of a pod that stands at ``path``."""
    volumes, found = judged(at(path, "volumes"), spec.get("volumes"))
    yield from found
    yield from container_problems(path, spec, volumes)
    yield from unknown_choice(path, spec, "restartPolicy", _RESTARTS)
    yield from unknown_choice(path, spec, "dnsPolicy", _DNS)
    yield from labels_problems(at(path, "nodeSelector"), spec.get("nodeSelector"))
    yield from pod_context_problems(at(path, "securityContext"), spec)
    yield from affinity_problems(at(path, "affinity"), spec.get("affinity") or {})
    yield from gate_problems(path, spec)
    constraints = spec.get("topologySpreadConstraints")
    yield from spread_problems(at(path, "topologySpreadConstraints"), constraints)
    yield from _name_problems(path, spec, subdomain_problems, "serviceAccountName", "nodeName")
    deadline_s = spec.get("activeDeadlineSeconds", 1)
    if not 1 <= deadline_s <= _INT32_MAX:
        why = f"must be between 1 and {_INT32_MAX}, inclusive"
        yield wrong(at(path, "activeDeadlineSeconds"), deadline_s, why)
    yield from _name_problems(path, spec, label_problems, "hostname", "subdomain")
    yield from toleration_problems(at(path, "tolerations"), spec.get("tolerations"))
    classes = ("priorityClassName", "runtimeClassName")
    yield from _name_problems(path, spec, subdomain_problems, *classes)
    yield from unknown_choice(path, spec, "preemptionPolicy", _PREEMPTIONS)


def _name_problems(
    path: str, spec: Mapping[str, Any], problems: Callable[[str], list[str]], *fields: str
) -> Iterator[Cause]:
    for field in fields:
        for problem in problems(spec[field]) if spec.get(field) else ():
            yield wrong(at(path, field), spec[field], problem)
