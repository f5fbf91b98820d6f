"""
Every manifest goes through a real kubectl into the embedded cluster, in the order of the documents.

The embedded cluster does not run Deployments, so it does not serve their kind either. Here it
takes the kinds of an installation as a store would; ``test_manifests`` has judged what is in them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local import access
from datacube_runtime.local.apiserver import server
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.registry import Registry
from datacube_runtime.local.registry.resources import Resource
from datacube_runtime.local.registry.store import Store
from tests.integration.deploy.conftest import Kubectl
from tests.rights.building import DEPLOY, build

if TYPE_CHECKING:
    from collections.abc import Iterator

RBAC = "rbac.authorization.k8s.io"
KINDS = (
    Resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False, is_custom=True),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", is_custom=True),
    Resource("apps", "v1", "deployments", "Deployment", is_custom=True),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", is_custom=True),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", is_custom=True),
    Resource(RBAC, "v1", "roles", "Role", is_custom=True),
    Resource(RBAC, "v1", "rolebindings", "RoleBinding", is_custom=True),
    Resource(RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False, is_custom=True),
    Resource(
        RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False, is_custom=True
    ),
)


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    """An embedded API server, empty, that knows the kinds of an installation; in a thread."""
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        store = Store(tmp_path / "state.db")
        registry = Registry(store)
        for resource in KINDS:
            registry.catalog.define(resource.qualified, [resource])
            registry._definitions._kinds[resource] = Kind()
        token, pem = access.token(tmp_path), access.certificate(tmp_path)
        app = server.application(registry, token, lambda *_: Path(os.devnull))
        runner, port = await server.serve(app, 0, access.server_context(pem))
        config = access.kubeconfig(port, pem.read_bytes(), token)
        access.write_private(tmp_path / "kubeconfig", config)
        ready.set()
        await stop.wait()
        await runner.cleanup()
        store.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield Kubectl(tmp_path / "kubeconfig")
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def applied(kubectl: Kubectl, name: str) -> list[str]:
    """Apply a kustomization twice; return what the first time made."""
    words = ("apply", "--server-side", "--output=name", "--kustomize", str(DEPLOY / name))
    first, again = kubectl(*words), kubectl(*words)
    assert first == again
    return first.split()


def test_an_installation_is_applied_as_it_is_documented(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "team")
    made = {
        name: applied(kubectl, name)
        for name in (".", "cluster-wide", "namespaced", "airflow/watch", "compose", "example")
    }
    assert made["."] == ["customresourcedefinition.apiextensions.k8s.io/datacubes.tensorstack.dev"]
    for name, objects in made.items():
        assert len(objects) == len(build(DEPLOY / name))
    assert "deployment.apps/datacube-controller" in made["cluster-wide"]
    words = ("--all-namespaces", "--output=jsonpath={..namespace}")
    found = kubectl("get", "deployments", *words).split()
    assert found == ["datacube-system", "default", "team"]


def test_the_definition_is_served_once_it_is_applied(kubectl: Kubectl) -> None:
    applied(kubectl, ".")
    assert "datacubes" in kubectl("api-resources", "--api-group=tensorstack.dev", "--output=name")


def test_every_kind_of_an_installation_is_known_here() -> None:
    served = {"Namespace", "CustomResourceDefinition", "PersistentVolumeClaim"}
    known = {resource.kind for resource in KINDS} | served
    names = (path.parent for path in DEPLOY.rglob("kustomization.yaml"))
    met: set[Any] = {m["kind"] for name in names for m in build(name)}
    assert met == known
