"""
What is wrong with the spec of a pod, in a pod or in a template.

Source: ValidatePodSpec in k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, unsupported, wrong
from datacube_runtime.local.registry.kinds.podspec.containers import container_problems
from datacube_runtime.local.registry.kinds.podspec.volumes import judged
from datacube_runtime.local.registry.metadata.names import label_problems, subdomain_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_CHOICES = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
}
_NAMES = {
    "serviceAccountName": subdomain_problems,
    "nodeName": subdomain_problems,
    "hostname": label_problems,
    "subdomain": label_problems,
    "priorityClassName": subdomain_problems,
    "runtimeClassName": subdomain_problems,
}
_INT32_MAX = 2**31 - 1


def spec_problems(spec: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """Yield what is wrong with the spec of a pod that stands at ``path``."""
    volumes, found = judged(at(path, "volumes"), spec.get("volumes"))
    yield from found
    yield from container_problems(path, spec, volumes)
    for field, known in _CHOICES.items():
        if spec.get(field, known[0]) not in known:
            yield unsupported(at(path, field), spec[field], known)
    for field, problems in _NAMES.items():
        for problem in problems(spec[field]) if spec.get(field) else ():
            yield wrong(at(path, field), spec[field], problem)
    deadline_s = spec.get("activeDeadlineSeconds", 1)
    if not 1 <= deadline_s <= _INT32_MAX:
        why = f"must be between 1 and {_INT32_MAX}, inclusive"
        yield wrong(at(path, "activeDeadlineSeconds"), deadline_s, why)
