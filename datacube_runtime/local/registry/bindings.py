"""
Bindings: how a pod is given to a node, once. No other write changes ``spec.nodeName``.

What the scheduler sends is a question about a pod, not an object of its own: nothing is kept of it
but what it says.

Source: BindingREST in k8s.io/kubernetes/pkg/registry/core/pod/storage/storage.go, and
ValidatePodBinding in k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.registry.causes import required, unsupported
from datacube_runtime.local.registry.errors import bad_request, conflict, internal, not_found
from datacube_runtime.local.registry.lifecycle import check_identical
from datacube_runtime.local.registry.options import Write
from datacube_runtime.local.registry.resources import PODS, Resource
from datacube_runtime.local.registry.wire.identity import check_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from datacube_runtime.local.registry.store import Store

BINDINGS = Resource("", "v1", "bindings", "Binding")


class Bindings:
    """Gives pods to nodes."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    def bind(
        self, namespace: str, name: str, binding: dict[str, Any], write: Write | None = None
    ) -> dict[str, Any]:
        """
        Give a pod to the node that ``binding`` names; return the pod.

        :raises ApiStatusError: (400, 500) the binding makes no sense, (404) there is no such pod,
            (409) it is another one, or has its node already.
        """
        write = write or Write()
        check_identity(BINDINGS, namespace, binding, write)
        _check_binding(name, binding)
        pod = self._store.get(PODS.key, namespace, name)
        if pod is None:
            raise not_found(PODS, name)
        check_identical(PODS, binding["metadata"].get("uid"), pod)
        if problem := _problem(pod):
            raise conflict("pods/binding", name, problem, "", "pods/binding")
        bound = _bound(pod, binding, timestamp(self._now()))
        if write.dry_run:
            return bound
        with self._store.transaction():
            return self._store.put(PODS.key, bound)


def _check_binding(name: str, binding: Mapping[str, Any]) -> None:
    if binding["metadata"].get("name") != name:
        raise bad_request("name in URL does not match name in Binding object")
    target, found = binding.get("target") or {}, []
    if (kind := target.get("kind") or "Node") != "Node":
        found.append(str(unsupported("target.kind", kind, ("Node", "<empty>"))))
    if not target.get("name"):
        found.append(str(required("target.name")))
    if found:
        raise internal(found[0] if len(found) == 1 else f"[{', '.join(found)}]")


def _problem(pod: Mapping[str, Any]) -> str | None:
    """Return why a pod cannot be given to a node any more, or yet."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    if "deletionTimestamp" in pod["metadata"]:
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if spec.get("nodeName"):
        return f'pod {name} is already assigned to node "{spec["nodeName"]}"'
    if spec.get("schedulingGates"):
        return f"pod {name} has non-empty .spec.schedulingGates"
    return None


def _bound(pod: Mapping[str, Any], binding: Mapping[str, Any], now: str) -> dict[str, Any]:
    meta, said = dict(pod["metadata"]), binding["metadata"]
    for field in ("annotations", "labels"):
        if said.get(field):
            meta[field] = {**meta.get(field, {}), **said[field]}
    times = {"lastProbeTime": None, "lastTransitionTime": now}
    scheduled = {"type": "PodScheduled", "status": "True", **times}
    status = dict(pod["status"])
    others = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"]
    return {
        **pod,
        "metadata": meta,
        "spec": {**pod["spec"], "nodeName": binding["target"]["name"]},
        "status": {**status, "conditions": [*others, scheduled]},
    }
