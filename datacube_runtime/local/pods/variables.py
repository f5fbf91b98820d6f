"""
The variables of a container, made in the order and by the rules of the kubelet.

Pure over a ``find`` function that returns Secrets and ConfigMaps. The order carries meaning: a
``$(NAME)`` sees only what stands above it. An error names the object and the key, never a value:
its text becomes the status of the pod.

Source: makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go of kubernetes/kubernetes, whose
words the errors repeat.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.cluster import CONFIG_MAPS, SECRETS
from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.expansion import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datacube_runtime.local.cluster import Manifest
    from datacube_runtime.local.pods.downward import Downward

    Find = Callable[[str, str], Manifest | None]
    """Return the Secret or ConfigMap (by plural) of that name in the pod's namespace."""

_KINDS = {SECRETS: "Secret", CONFIG_MAPS: "ConfigMap"}
_REFERENCES = {"secretKeyRef": SECRETS, "configMapKeyRef": CONFIG_MAPS}
_SOURCES = {"secretRef": SECRETS, "configMapRef": CONFIG_MAPS}


def variables_of(
    container: Mapping[str, Any],
    downward: Downward,
    find: Find,
    localise: Callable[[str], str] = str,
) -> dict[str, str]:
    """
    Return the variables that ``envFrom`` and ``env`` give a container.

    ``localise`` is applied to each plain value after its expansion (a path inside the container
    becomes one of this machine), never to what comes from a reference: that is somebody's data.

    :raises ContainerConfigError: a Secret, a ConfigMap or a key that is not optional is missing.
    """
    variables: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        variables.update(_all_keys(source, find))
    for entry in container.get("env") or ():
        if plain := entry.get("value"):
            variables[entry["name"]] = localise(expand(plain, variables))
        elif (value := _referenced(entry.get("valueFrom") or {}, downward, find)) is not None:
            variables[entry["name"]] = value
    return variables


def data_of(plural: str, found: Mapping[str, Any]) -> dict[str, bytes]:
    """
    Return the data of a Secret or ConfigMap as bytes.

    :raises ContainerConfigError: a value of a Secret is no base64.
    """
    if plural == CONFIG_MAPS:
        texts = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        return texts | _decoded(plural, found, "binaryData")
    return _decoded(plural, found, "data")


def missing(plural: str, name: str) -> ContainerConfigError:
    """Return the error of a Secret or ConfigMap that is not there."""
    return ContainerConfigError(f'{_KINDS[plural].lower()} "{name}" not found')


def _decoded(plural: str, found: Mapping[str, Any], field: str) -> dict[str, bytes]:
    meta, values = found["metadata"], found.get(field) or {}
    try:
        return {key: base64.b64decode(value, validate=True) for key, value in values.items()}
    except (binascii.Error, ValueError):
        where = f"{_KINDS[plural]} {meta['namespace']}/{meta['name']}"
        # Without the cause: its text may hold what it could not decode.
        raise ContainerConfigError(f"{field} of {where} is not base64") from None


def _all_keys(source: Mapping[str, Any], find: Find) -> Iterator[tuple[str, str]]:
    """Yield the variables of one ``envFrom`` entry."""
    prefix = source.get("prefix") or ""
    for field, plural in _SOURCES.items():
        if (reference := source.get(field)) is None:
            continue
        found = find(plural, reference["name"])
        if found is None:
            if reference.get("optional"):
                continue
            raise missing(plural, reference["name"])
        for key, value in data_of(plural, _without_binary(found)).items():
            yield prefix + key, _text(value)


def _referenced(value_from: Mapping[str, Any], downward: Downward, find: Find) -> str | None:
    """Return what ``valueFrom`` points at; "" where it is absent, None where it is optional."""
    for field, plural in _REFERENCES.items():
        if (reference := value_from.get(field)) is not None:
            return _value_of_key(plural, reference, find)
    if (reference := value_from.get("fieldRef")) is not None:
        return downward.variable(reference["fieldPath"])
    if (reference := value_from.get("resourceFieldRef")) is not None:
        return downward.resource(reference)
    return ""


def _value_of_key(plural: str, reference: Mapping[str, Any], find: Find) -> str | None:
    name, key = reference["name"], reference["key"]
    found = find(plural, name)
    if found is not None:
        value = data_of(plural, _without_binary(found)).get(key)
        if value is not None:
            return _text(value)
    if reference.get("optional"):
        return None
    if found is None:
        raise missing(plural, name)
    where = f"{_KINDS[plural]} {found['metadata']['namespace']}/{name}"
    raise ContainerConfigError(f"couldn't find key {key} in {where}")


def _without_binary(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object as variables see it: ``binaryData`` of a ConfigMap is for files only."""
    return {key: value for key, value in found.items() if key != "binaryData"}


def _text(value: bytes) -> str:
    """Return the string that becomes these very bytes again when a process is started with it."""
    return value.decode(errors="surrogateescape")
