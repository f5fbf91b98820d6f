"""
``metadata``: what of it is the server's, and the rules that hold for it whatever the kind.

Pure functions over objects: the registry calls them, nothing here reads or writes the store.

A real server looks at the metadata of an update several times, and names each cause as often as it
finds it: for all kinds alike, for the update, for the kind's update, and for the core kinds once
more as if the object were new. People see each but once, programs see them all.

Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, ``validateCommonFields`` in
k8s.io/apiserver/pkg/registry/rest/update.go, ``ValidateObjectMeta`` in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry import resources
from datacube_runtime.local.registry.errors import Cause
from datacube_runtime.local.registry.metadata.labels import label_key_problems, label_value_problems
from datacube_runtime.local.registry.metadata.names import prefix_of
from datacube_runtime.local.registry.metadata.references import owner_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    NameProblems = Callable[[str], list[str]]

SERVER_OWNED = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)
_KNOWN = {
    *SERVER_OWNED,
    "name",
    "generateName",
    "namespace",
    "resourceVersion",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "managedFields",
}
_SUFFIX = (
    "bcdfghjklmnpqrstvwxz2456789"  # no vowels, no look-alikes: k8s.io/apimachinery/pkg/util/rand
)
_SUFFIX_LENGTH = 5
_GENERATED_MAX = 63
_ANNOTATIONS_MAX = 256 * 1024
_EXCLUSIVE = ("orphan", "foregroundDeletion")
_STANDARD_FINALIZERS = ("kubernetes", *_EXCLUSIVE)
_CORE = {
    resource.key
    for resource in (
        resources.NAMESPACES,
        resources.PODS,
        resources.CLAIMS,
        resources.SECRETS,
        resources.CONFIG_MAPS,
        resources.JOBS,
    )
}
"""The kinds that are looked at once more, and whose finalizers have to name a domain."""


def generated_name(prefix: str) -> str:
    """Return a name that begins with ``generateName``."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(_SUFFIX_LENGTH))
    return prefix[: _GENERATED_MAX - _SUFFIX_LENGTH] + suffix


def clean(obj: dict[str, Any]) -> dict[str, Any]:
    """Return the object's own ``metadata``, made well-formed: unknown fields and empty maps go."""
    meta: dict[str, Any] = obj["metadata"]
    for field in [
        name for name, value in meta.items() if name not in _KNOWN or value in (None, {}, [])
    ]:
        del meta[field]
    return meta


def problems(
    resource: resources.Resource, meta: Mapping[str, Any], name_problems: NameProblems
) -> list[Cause]:
    """Return what is wrong with the metadata of a new object."""
    found = _name_problems(meta, name_problems) + _shared_problems(meta)
    found += _finalizer_problems(meta)
    return found + (_bare_finalizers(meta) if resource.key in _CORE else [])


def update_problems(
    resource: resources.Resource,
    new: Mapping[str, Any],
    old: Mapping[str, Any],
    name_problems: NameProblems,
) -> list[Cause]:
    """Return what is wrong with the metadata of a changed object, as often as it is found."""
    shared = _shared_problems(new)
    update = _change_problems(new, old) + shared
    found = shared + _finalizer_problems(new) + update
    if resource == resources.EVENTS:
        return found
    if resource.key in _CORE:
        return found + update + _bare_finalizers(new) + problems(resource, new, name_problems)
    return found + update


def finalizer_warnings(meta: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """
    Return what a client should hear of the finalizers that it adds to a custom resource.

    Source: ``validateKubeFinalizerName`` in
    k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go
    """
    added = set(meta.get("finalizers", ())) - set(old.get("finalizers", ()))
    return [
        f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name '
        f"{'including a path (/) ' if '.' in name else ''}"
        "to avoid accidental conflicts with other finalizer writers"
        for name in sorted(added)
        if "/" not in name and name not in _STANDARD_FINALIZERS
    ]


def keep_server_owned(new: dict[str, Any], old: Mapping[str, Any]) -> None:
    """Put back what only the server writes."""
    for field in SERVER_OWNED:
        new.pop(field, None)
        if field in old:
            new[field] = old[field]


def spec_differs(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Tell whether more than metadata and status changed: what ``generation`` counts."""
    fields = (new.keys() | old.keys()) - {"metadata", "status"}
    return any(new.get(field) != old.get(field) for field in fields)


def _name_problems(meta: Mapping[str, Any], name_problems: NameProblems) -> list[Cause]:
    found = []
    if prefix := meta.get("generateName"):
        found += _invalid("generateName", prefix, name_problems(prefix_of(prefix)))
    if name := meta.get("name"):
        return found + _invalid("name", name, name_problems(name))
    message = "Required value: name or generateName is required"
    return [*found, Cause("FieldValueRequired", "metadata.name", message)]


def _shared_problems(meta: Mapping[str, Any]) -> list[Cause]:
    """Return what is wrong with what new and changed objects are asked for alike."""
    found: list[Cause] = []
    for key, value in meta.get("labels", {}).items():
        found += _invalid("labels", key, label_key_problems(key))
        found += _invalid("labels", value, label_value_problems(value))
    annotations, size = meta.get("annotations", {}), 0
    for key, value in annotations.items():
        found += _invalid("annotations", key, label_key_problems(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > _ANNOTATIONS_MAX:
        message = f"Too long: may not be more than {_ANNOTATIONS_MAX} bytes"
        found.append(Cause("FieldValueTooLong", "metadata.annotations", message))
    return found + owner_problems(meta.get("ownerReferences", ()))


def _finalizer_problems(meta: Mapping[str, Any]) -> list[Cause]:
    finalizers = meta.get("finalizers", [])
    found: list[Cause] = []
    for name in finalizers:
        found += _invalid("finalizers", name, label_key_problems(name))
    if set(_EXCLUSIVE) <= set(finalizers):
        both = f"finalizer {' and '.join(_EXCLUSIVE)} cannot be both set"
        found += _invalid("finalizers", finalizers, [both])
    return found


def _bare_finalizers(meta: Mapping[str, Any]) -> list[Cause]:
    problem = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        cause
        for index, name in enumerate(meta.get("finalizers", ()))
        if "/" not in name and name not in _STANDARD_FINALIZERS
        for cause in _invalid(f"finalizers[{index}]", name, [problem])
    ]


def _change_problems(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Cause]:
    """Return what may not be done to the metadata of an object that is there."""
    found = []
    added = set(new.get("finalizers", ())) - set(old.get("finalizers", ()))
    if added and "deletionTimestamp" in old:
        names = ", ".join(f'"{finalizer}"' for finalizer in sorted(added))
        message = (
            "Forbidden: no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{names}}}"
        )
        found.append(Cause("FieldValueForbidden", "metadata.finalizers", message))
    uid = new.get("uid", old["uid"])
    if uid != old["uid"]:
        found += _invalid("uid", uid, ["field is immutable"])
    return found


def _invalid(field: str, value: Any, found: Sequence[str]) -> list[Cause]:
    if not found:
        return []
    shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return [
        Cause("FieldValueInvalid", f"metadata.{field}", f"Invalid value: {shown}: {problem}")
        for problem in found
    ]
