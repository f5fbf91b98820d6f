"""
What each field of a DataCube means, in the words that ``kubectl explain`` shows.

A sentence belongs to the last steps of a path, so that what both ends have is said once; the most
steps that fit count.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOLD: Mapping[str, str] = MappingProxyType(
    {
        "": "One transfer between a volume and a storage service, made once.",
        "spec": "What to transfer, and how. It cannot be changed: create another DataCube.",
        "source": "Where the data comes from. Exactly one of source and sink is a volume.",
        "sink": "Where the data goes. Exactly one of source and sink is a volume.",
        "type": "pvc for a volume; git, huggingface or s3 for a storage service.",
        "spec.source.options": "What the storage service needs to know; none for a volume.",
        "spec.sink.options": "What the storage service needs to know; none for a volume.",
        "options.name": (
            "Git: url, token, ref. Hugging Face: repo, token, files, path-in-repo, "
            "commit-message. S3: s3-endpoint, s3-access-key-id, s3-secret-access-key, s3-uri, "
            "s3-no-check-bucket. It becomes a variable: upper case, '-' as '_'."
        ),
        "value": "The value; $(NAME) stands for an earlier variable, $$(NAME) for itself.",
        "valueFrom": "Where the value is read from when the pod starts.",
        "secretKeyRef": "A key of a Secret in the same namespace.",
        "secretKeyRef.name": "The Secret.",
        "configMapKeyRef": "A key of a ConfigMap in the same namespace.",
        "configMapKeyRef.name": "The ConfigMap.",
        "key": "The key.",
        "optional": "Whether it may be missing; the variable is then not set.",
        "fieldRef": "A field of the pod.",
        "fieldRef.apiVersion": "The version of the pod's schema; v1 where nothing is said.",
        "fieldPath": "The field, such as metadata.name.",
        "resourceFieldRef": "What the pod's container may have of a resource.",
        "containerName": "The container.",
        "resource": "The resource, such as limits.memory.",
        "divisor": "The unit in which the resource is told.",
        "pvc": "The volume, and where in it.",
        "pvc.name": "The PersistentVolumeClaim, in the same namespace.",
        "subPath": "A path inside the volume; a download makes it where it is missing.",
        "template": "Of a download: the claim to create where there is none of that name.",
        "template.metadata": "Labels and annotations of the claim.",
        "template.spec": "The claim's spec, as of a PersistentVolumeClaim.",
        "executor": "How the transfer runs.",
        "executor.options": "How often, how long, and with which further arguments.",
        "sync": (
            "Of a download from S3: make the directory equal to the source, which deletes what "
            "the source does not have. Without it: copy only."
        ),
        "backoffLimit": "How many failed attempts are followed by another one; 0 if not given.",
        "activeDeadlineSeconds": "How long one attempt may take; as long as it wants if not given.",
        "extraArgs": "Further arguments of the command that makes the transfer.",
        "env": "Variables of the transfer's container, such as HTTPS_PROXY.",
        "env.name": "The variable; it must not be one that an option becomes.",
        "securityContext": "The security context of the pod.",
        "status": (
            "How far it is. Read the status of each condition: Initialized (it runs), Complete, "
            "Failed (after all attempts)."
        ),
    }
)
_OWN = frozenset({"apiVersion", "kind", "metadata"})
"""The API says itself what these are."""


def described(schema: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return a schema with what its fields mean, as far as there are words for them."""
    result = dict(schema)
    if words := _words(path):
        result["description"] = words
    if "properties" in schema:
        fields, above = schema["properties"].items(), f"{path}." if path else ""
        result["properties"] = {
            name: part if above + name in _OWN else described(part, above + name)
            for name, part in fields
        }
    if "items" in schema:
        result["items"] = _items(schema["items"], path)
    return result


def _items(schema: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the schema of a list's items: its fields are the list's to people."""
    items = described(schema, path)
    items.pop("description", None)
    return items


def _words(path: str) -> str:
    """Return what is said of the most steps of a path."""
    steps = path.split(".")
    tails = (".".join(steps[first:]) for first in range(len(steps)))
    return next((_TOLD[tail] for tail in tails if tail in _TOLD), "")
