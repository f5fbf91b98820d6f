"""
What is served, told to clients: API groups, their versions, and the resources of each.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.apiserver.paths import no_such_place
from datacube_runtime.local.registry.resources import NAMESPACES
from datacube_runtime.local.version import KUBERNETES

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Catalog, Resource

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""The same, in the order in which a real server tells them."""

_STATUS_VERBS = ("get", "patch", "update")
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "gitVersion": KUBERNETES,
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}


def core_versions(address: str) -> dict[str, Any]:
    """Return the answer to ``/api``."""
    where = {"clientCIDR": "0.0.0.0/0", "serverAddress": address}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [where]}


def groups(catalog: Catalog) -> dict[str, Any]:
    """Return the answer to ``/apis``."""
    found = [_group(name, versions) for name, versions in catalog.group_versions().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(catalog: Catalog, name: str) -> dict[str, Any]:
    """
    Return the answer to ``/apis/GROUP``.

    :raises ApiStatusError: (404) there is no such group.
    """
    versions = catalog.group_versions().get(name)
    if not name or not versions:
        raise no_such_place(catalog, name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def api_resources(catalog: Catalog, group_name: str, version: str) -> dict[str, Any]:
    """
    Return the answer to ``/apis/GROUP/VERSION``.

    :raises ApiStatusError: (404) there is no such version.
    """
    found = [r for r in catalog if (r.group, r.version) == (group_name, version)]
    if not found:
        raise no_such_place(catalog, group_name)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": found[0].api_version,
        "resources": [entry for resource in found for entry in _entries(resource)],
    }


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def _entries(resource: Resource) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular_name,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    below = {"singularName": "", "namespaced": resource.namespaced, "kind": resource.kind}
    entries = [entry]
    if resource.has_status:
        name = f"{resource.plural}/status"
        entries.append({"name": name, **below, "verbs": _status_verbs(resource)})
    if resource.key == "/pods":
        binding = {"name": "pods/binding", **below, "kind": "Binding", "verbs": ["create"]}
        entries += [binding, {"name": "pods/log", **below, "verbs": ["get"]}]
    return entries


def _status_verbs(resource: Resource) -> list[str]:
    return ["get"] if resource.is_read_only else list(_STATUS_VERBS)


def _verbs(resource: Resource) -> list[str]:
    if resource.is_review:
        return ["create"]
    if resource.is_looked_for or resource.is_read_only:
        return ["get", "list", "watch"]
    if resource == NAMESPACES:
        return [verb for verb in _VERBS if verb != "deletecollection"]
    return list(_CUSTOM_VERBS if resource.is_custom else _VERBS)
