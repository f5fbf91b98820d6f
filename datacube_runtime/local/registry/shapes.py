"""
Whether the parts of an object that are looked at here are of the type that they have to be.

A real API server decodes into Go structs and refuses what does not fit. The same refusal for the
few fields that this server reads keeps all other modules free of doubts.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.resources import Resource

    Shape = Mapping[str, Any]

_MAP: Shape = {"*": str}
_OPEN: Shape = {}
_META: Shape = {
    "name": str,
    "generateName": str,
    "namespace": str,
    "uid": str,
    "resourceVersion": str,
    "labels": _MAP,
    "annotations": _MAP,
    "finalizers": [str],
    "ownerReferences": [{"apiVersion": str, "kind": str, "name": str, "uid": str}],
}
_CONTAINER: Shape = {"name": str, "image": str}
_POD_SPEC: Shape = {
    "nodeName": str,
    "restartPolicy": str,
    "terminationGracePeriodSeconds": int,
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "volumes": [{"name": str, "persistentVolumeClaim": {"claimName": str}}],
}
_POD_STATUS: Shape = {"phase": str, "conditions": [{"type": str, "status": str}]}
_JOB_SPEC: Shape = {
    "parallelism": int,
    "completions": int,
    "backoffLimit": int,
    "activeDeadlineSeconds": int,
    "ttlSecondsAfterFinished": int,
    "template": {"metadata": {"labels": _MAP}, "spec": _POD_SPEC},
}
_CLAIM_SPEC: Shape = {"accessModes": [str], "resources": {"requests": _OPEN}}
_VERSION: Shape = {
    "name": str,
    "schema": {"openAPIV3Schema": _OPEN},
    "subresources": _OPEN,
    "additionalPrinterColumns": [{"name": str, "type": str, "jsonPath": str}],
}
_DEFINITION_SPEC: Shape = {
    "group": str,
    "scope": str,
    "names": {"plural": str, "kind": str, "shortNames": [str], "categories": [str]},
    "versions": [_VERSION],
}
_BY_KEY: Mapping[str, Shape] = MappingProxyType(
    {
        "/pods": {"spec": _POD_SPEC, "status": _POD_STATUS},
        "/secrets": {"data": _MAP, "stringData": _MAP, "type": str},
        "/configmaps": {"data": _MAP, "binaryData": _MAP},
        "/persistentvolumeclaims": {"spec": _CLAIM_SPEC, "status": _OPEN},
        "batch/jobs": {"spec": _JOB_SPEC, "status": _OPEN},
        "apiextensions.k8s.io/customresourcedefinitions": {"spec": _DEFINITION_SPEC},
    }
)
_NAMES = {str: "string", int: "int64"}


def check_shape(resource: Resource, obj: Mapping[str, Any]) -> None:
    """
    Make sure that an object can be read.

    :raises ApiStatusError: (400) a field is of another type than it has to be.
    """
    shape = {**_BY_KEY.get(resource.key, {}), "metadata": _META}
    for field, wanted in _misfits(shape, obj, ""):
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a '
            f"{resource.kind}: json: cannot unmarshal into Go struct field "
            f"{resource.kind}{field} of type {wanted}"
        )


def drop_nulls(value: Any) -> None:
    """
    Take null for absent, all the way down, as decoding into Go structs does.

    Not so under ``data``: there a null is an empty value.
    """
    if isinstance(value, list):
        for item in value:
            drop_nulls(item)
    elif isinstance(value, dict):
        for name in list(value):
            if value[name] is None:
                del value[name]
            elif name not in ("data", "managedFields"):  # the second has no nulls, and is long
                drop_nulls(value[name])


def _misfits(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield what does not fit; null fits everywhere but in a list of objects."""
    if value is None:
        return
    if isinstance(shape, type):
        if not isinstance(value, shape) or isinstance(value, bool):
            yield path, _NAMES[shape]
    elif isinstance(shape, list):
        if not isinstance(value, list) or None in value:
            yield path, "array"
        else:
            for item in value:
                yield from _misfits(shape[0], item, path)
    elif not isinstance(value, dict):
        yield path, "object"
    else:
        for name, below in value.items():
            if (part := shape.get(name, shape.get("*"))) is not None:
                yield from _misfits(part, below, f"{path}.{name}")
