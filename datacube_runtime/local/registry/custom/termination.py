"""
What a CustomResourceDefinition says of itself while its objects are being removed.

It is deleted in two steps: first it is marked, keeps a finalizer and takes no new objects; when the
last of its objects is gone, so is it.

Source: ``Delete`` in k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition/etcd.go
and pkg/controller/finalizer/crd_finalizer.go
"""

from __future__ import annotations

from typing import Any

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
TERMINATING = "Terminating"
NO_CREATES = "create not allowed while custom resource definition is terminating"


def condition(kind: str, reason: str, message: str, since: str) -> dict[str, Any]:
    """Return a condition that is true."""
    return {
        "type": kind,
        "status": "True",
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }


def begin_cleanup(definition: dict[str, Any], now: str) -> None:
    """Mark a definition as deleted, to be kept until its objects are gone."""
    meta, status = definition["metadata"], definition.setdefault("status", {})
    meta["deletionTimestamp"] = now
    if CLEANUP not in meta.get("finalizers", ()):
        meta["finalizers"] = [*meta.get("finalizers", ()), CLEANUP]
    pending = condition(
        TERMINATING,
        "InstanceDeletionPending",
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        now,
    )
    status["conditions"] = [*_others(status), pending]


def waiting(definition: dict[str, Any]) -> bool:
    """Say in a definition that its objects are being deleted; tell whether that is news."""
    status = definition["status"]
    found = next(c for c in status["conditions"] if c["type"] == TERMINATING)
    if found["reason"] == "InstanceDeletionInProgress":
        return False
    doing = {"reason": "InstanceDeletionInProgress", "message": _IN_PROGRESS}
    status["conditions"] = [*_others(status), {**found, **doing}]
    return True


def _others(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for c in status.get("conditions", ()) if c["type"] != TERMINATING]


_IN_PROGRESS = "CustomResource deletion is in progress"
