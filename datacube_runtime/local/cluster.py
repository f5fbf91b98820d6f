"""
What the runner needs of the API server, and nothing more.

``Cluster`` is the server's registry, called in-process. ``Objects`` narrows it to the kinds
that the runner handles and to the few verbs it uses. It keeps nothing: each read is a fresh one,
so a decision is never taken on what was true a moment ago.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from datacube_runtime.local.registry.errors import ApiStatusError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

Manifest = dict[str, Any]
"""An object as the API has it: camelCase, plain JSON values."""

PODS, JOBS, CLAIMS = "pods", "jobs", "persistentvolumeclaims"
SECRETS, CONFIG_MAPS = "secrets", "configmaps"
EVENTS, NODES = "events", "nodes"
PLURALS = (CLAIMS, SECRETS, CONFIG_MAPS, PODS, JOBS)
"""What is watched; Kubernetes Events and the node are only written."""
_GROUPS = {JOBS: "batch"}


class Binder(Protocol):
    """Gives pods to nodes."""

    def bind(self, namespace: str, name: str, binding: Manifest) -> Manifest:
        """Give a pod to the node that ``binding`` names, and return the pod."""


class Cluster(Protocol):
    """The registry of the API server; a ``resource`` is its own affair."""

    def resource(self, group: str, plural: str) -> Any:
        """Return the handle of a kind of object."""

    def create(self, resource: Any, namespace: str | None, obj: Manifest) -> Manifest:
        """Create an object; the server fills in uid, name and times."""

    def get(self, resource: Any, namespace: str | None, name: str) -> Manifest:
        """Return the object, or raise ApiStatusError with code 404."""

    def list(self, resource: Any, namespace: str | None = None) -> list[Manifest]:
        """Return all objects of a namespace, or of all namespaces."""

    def patch(
        self,
        resource: Any,
        namespace: str | None,
        name: str,
        patch: Manifest,
        *,
        subresource: str = "",
    ) -> Manifest:
        """Apply a JSON merge patch."""

    @property
    def bindings(self) -> Binder:
        """Return what gives pods to nodes."""

    def delete(  # noqa: PLR0913 - the parameters of a Kubernetes DELETE
        self,
        resource: Any,
        namespace: str | None,
        name: str,
        *,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        propagation: str | None = None,
    ) -> Manifest:
        """Delete the object, or mark it as being deleted."""

    def watch(
        self, resource: Any, namespace: str | None, since: int
    ) -> AsyncIterator[tuple[str, Manifest]]:
        """Yield what changes after ``since``; raise ApiStatusError 410 where that is too old."""

    def version(self) -> int:
        """Return the current resourceVersion."""


class Objects:
    """The kinds of the runner by their plural names, over one ``Cluster``."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._resources = {
            p: cluster.resource(_GROUPS.get(p, ""), p) for p in (*PLURALS, EVENTS, NODES)
        }

    def find(self, plural: str, namespace: str | None, name: str) -> Manifest | None:
        """Return the object; None where there is none."""
        try:
            return self.cluster.get(self._resources[plural], namespace, name)
        except ApiStatusError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return None

    def list(self, plural: str) -> list[Manifest]:
        """Return the objects of all namespaces."""
        return self.cluster.list(self._resources[plural])

    def watch(self, plural: str, since: int) -> AsyncIterator[tuple[str, Manifest]]:
        """Yield what changes in any namespace after ``since``."""
        return self.cluster.watch(self._resources[plural], None, since)

    def create(self, plural: str, namespace: str | None, obj: Manifest) -> Manifest:
        """Create an object and return it as the server has it."""
        return self.cluster.create(self._resources[plural], namespace, obj)

    def patch(self, plural: str, obj: Mapping[str, Any], patch: Manifest) -> Manifest:
        """Change an object by a merge patch, and return it as it is then."""
        meta, resource = obj["metadata"], self._resources[plural]
        return self.cluster.patch(resource, meta["namespace"], meta["name"], patch)

    def bind(self, pod: Mapping[str, Any], node: str) -> Manifest:
        """Give this very pod to a node, and return it as it is then."""
        meta, target = pod["metadata"], {"kind": "Node", "name": node}
        binding = {"metadata": {"name": meta["name"], "uid": meta["uid"]}, "target": target}
        return self.cluster.bindings.bind(meta["namespace"], meta["name"], binding)

    def write_status(self, plural: str, obj: Mapping[str, Any], status: Mapping[str, Any]) -> None:
        """Make ``status`` the status of an object; write nothing where it already is."""
        if patch := merge_patch(obj.get("status") or {}, status):
            meta, resource = obj["metadata"], self._resources[plural]
            namespace, written = meta.get("namespace"), {"status": patch}
            self.cluster.patch(resource, namespace, meta["name"], written, subresource="status")

    def delete(
        self,
        plural: str,
        obj: Mapping[str, Any],
        *,
        grace_period_seconds: int | None = None,
        propagation: str | None = None,
    ) -> None:
        """Delete this very object; one that is gone, or has given its name away, is no error."""
        meta = obj["metadata"]
        try:
            self.cluster.delete(
                self._resources[plural],
                meta["namespace"],
                meta["name"],
                grace_period_seconds=grace_period_seconds,
                uid=meta["uid"],
                propagation=propagation,
            )
        except ApiStatusError as error:
            if error.code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Manifest:
    """
    Return the JSON merge patch that turns ``old`` into ``new``; empty where they are equal.

    Lists are replaced whole: a merge patch knows no other way (RFC 7386).
    """
    patch: Manifest = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if before == value and key in old:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            patch[key] = merge_patch(before, value)
        else:
            patch[key] = value
    return patch
