"""
What a pod may be told of itself, in variables and in files: fields by path, resources by name.

Source: validateObjectFieldSelector, validateContainerResourceFieldSelector and
validateDownwardAPIVolumeFile in k8s.io/kubernetes/pkg/apis/core/validation/validation.go,
ConvertDownwardAPIFieldLabel in k8s.io/kubernetes/pkg/apis/core/pods/helpers.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import at, required, unsupported, wrong
from datacube_runtime.local.registry.metadata.labels import label_key_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

    Said = Mapping[str, Any]

OF_VARIABLES = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
    "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
OF_FILES = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
    "metadata.uid",
)  # fmt: skip
_OF_NEITHER = ("spec.restartPolicy", "spec.schedulerName", "status.phase")
_KNOWN = {*OF_VARIABLES, *OF_FILES, *_OF_NEITHER}
_ONE_OF_MANY = re.compile(r"(metadata\.(?:annotations|labels))\['(.+)'\]")
_RESOURCES = tuple(
    f"{side}.{name}"
    for side in ("limits", "requests")
    for name in ("cpu", "ephemeral-storage", "memory")
)
_HUGE = ("limits.hugepages-", "requests.hugepages-")
_CPU_UNITS = ("1m", "1")
_UNITS = ("1", *(f"1{letter}" for letter in "kMGTPE"), *(f"1{letter}i" for letter in "KMGTPE"))
_NO_SOURCE = "one of fieldRef and resourceFieldRef is required"


def field_problems(path: str, reference: Said, known: tuple[str, ...]) -> Iterator[Cause]:
    """Yield what is wrong with a reference to a field, of which ``known`` may be told here."""
    field = reference.get("fieldPath", "")
    if not field:
        yield required(at(path, "fieldPath"))
    elif one := _ONE_OF_MANY.fullmatch(field):
        key = one[2].lower() if one[1] == "metadata.annotations" else one[2]
        for problem in label_key_problems(key):
            yield wrong(path, one[2], problem)
    elif field not in _KNOWN:
        why = f"error converting fieldPath: field label not supported: {field}"
        yield wrong(at(path, "fieldPath"), field, why)
    elif field not in known:
        yield unsupported(at(path, "fieldPath"), field, known)


def resource_field_problems(path: str, reference: Said, *, is_file: bool) -> Iterator[Cause]:
    """Yield what is wrong with a reference to a resource; a file belongs to no container."""
    resource, divisor = reference.get("resource", ""), reference.get("divisor", "0")
    if is_file and not reference.get("containerName"):
        yield required(at(path, "containerName"))
    elif not resource:
        yield required(at(path, "resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE):
        yield unsupported(at(path, "resource"), resource, _RESOURCES)
    units = _CPU_UNITS if resource.endswith(".cpu") else _UNITS
    if divisor not in ("0", *units) and resource in _RESOURCES:
        listed = " and ".join(units) if len(units) == len(_CPU_UNITS) else ", ".join(units)
        name = resource.partition(".")[2].replace("ephemeral-", "local ephemeral ")
        why = f"only divisor's values {listed} are supported with the {name} resource"
        yield wrong(at(path, "divisor"), resource, why)


def source_problems(path: str, file: Said) -> Iterator[Cause]:
    """Yield what is wrong with what a file is to tell."""
    if "fieldRef" in file:
        yield from field_problems(at(path, "fieldRef"), file["fieldRef"], OF_FILES)
        if "resourceFieldRef" in file:
            why = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield wrong(path, "resource", why)
    elif "resourceFieldRef" in file:
        where = at(path, "resourceFieldRef")
        yield from resource_field_problems(where, file["resourceFieldRef"], is_file=True)
    else:
        yield required(path, _NO_SOURCE)
