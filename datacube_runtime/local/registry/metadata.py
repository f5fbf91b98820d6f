"""
The rules of ``metadata`` that hold for every kind: names, identity, versions, finalizers.

Pure functions over objects: the registry calls them, nothing here reads or writes the store. The
words of each refusal are those of k8s.io/apimachinery, pkg/api/validation and pkg/util/validation.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
_NAME_MAX = 253
_LABEL_MAX = 63
_ANNOTATIONS_MAX = 256 * 1024

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"

_BAD_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
_BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)
_BAD_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_VALUE}')"
)


def subdomain_problems(name: str) -> list[str]:
    """Return what is wrong with a name that must be a DNS-1123 subdomain."""
    return _name_problems(name, _SUBDOMAIN, _NAME_MAX, _BAD_SUBDOMAIN)


def label_problems(name: str) -> list[str]:
    """Return what is wrong with a name that must be a DNS-1123 label."""
    return _name_problems(name, _LABEL, _LABEL_MAX, _BAD_LABEL)


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


def problems(meta: Mapping[str, Any], name_problems: Callable[[str], list[str]]) -> list[Cause]:
    """Return what is wrong with the metadata of an object, new or changed."""
    name = meta.get("name")
    if not name:
        message = "Required value: name or generateName is required"
        return [Cause("FieldValueRequired", "metadata.name", message)]
    found = [
        Cause("FieldValueInvalid", "metadata.name", f'Invalid value: "{name}": {problem}')
        for problem in name_problems(name)
    ]
    for value in meta.get("labels", {}).values():
        found += [
            Cause("FieldValueInvalid", "metadata.labels", f'Invalid value: "{value}": {problem}')
            for problem in _name_problems(value, _VALUE, _LABEL_MAX, _BAD_VALUE)
        ]
    size = sum(len(k.encode()) + len(v.encode()) for k, v in meta.get("annotations", {}).items())
    if size > _ANNOTATIONS_MAX:
        message = f"Too long: may not be more than {_ANNOTATIONS_MAX} bytes"
        found.append(Cause("FieldValueTooLong", "metadata.annotations", message))
    return found + _owner_problems(meta)


def _owner_problems(meta: Mapping[str, Any]) -> list[Cause]:
    return [
        Cause(
            "FieldValueInvalid",
            f"metadata.ownerReferences.{field}",
            'Invalid value: "": must not be empty',
        )
        for owner in meta.get("ownerReferences", ())
        for field in ("apiVersion", "kind", "name", "uid")
        if not owner.get(field)
    ]


def update_problems(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Cause]:
    """Return what may not be done to the metadata of an object that is there."""
    found = []
    uid = new.get("uid", old["uid"])
    if uid != old["uid"]:
        message = f'Invalid value: "{uid}": field is immutable'
        found.append(Cause("FieldValueInvalid", "metadata.uid", message))
    added = [f for f in new.get("finalizers", ()) if f not in old.get("finalizers", ())]
    if added and "deletionTimestamp" in old:
        names = ", ".join(f'"{finalizer}"' for finalizer in added)
        message = (
            "Forbidden: no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{names}}}"
        )
        found.append(Cause("FieldValueForbidden", "metadata.finalizers", message))
    return found


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


def _name_problems(name: str, pattern: str, longest: int, words: str) -> list[str]:
    found = []
    if len(name.encode()) > longest:
        found.append(f"must be no more than {longest} bytes")
    if not re.fullmatch(pattern, name):
        found.append(words)
    return found
