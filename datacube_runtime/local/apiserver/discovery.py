"""
What is served, told to clients: API groups, their resources, and OpenAPI as far as kubectl asks.

kubectl will not create anything before it has read ``/openapi/v3``: there it looks up whether the
server checks fields itself. The documents here say yes (``fieldValidation``) and name the kinds;
the schemas of custom resources are passed on, so that ``kubectl explain`` works for them.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import no_such_endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.resources import Catalog, Resource

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_STATUS_VERBS = ("get", "patch", "update")
VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.2+datacube-local",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}
"""The Kubernetes version whose recorded answers this server is held to."""


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
        raise no_such_endpoint()
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def api_resources(catalog: Catalog, group_name: str, version: str) -> dict[str, Any]:
    """
    Return the answer to ``/apis/GROUP/VERSION``.

    :raises ApiStatusError: (404) there is no such version.
    """
    found = [r for r in catalog if (r.group, r.version) == (group_name, version)]
    if not found:
        raise no_such_endpoint()
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": found[0].api_version,
        "resources": [entry for resource in found for entry in _entries(resource)],
    }


def openapi_index(catalog: Catalog) -> dict[str, Any]:
    """Return the answer to ``/openapi/v3``: where the document of each version is."""
    roots = [
        f"apis/{name}/{version}" if name else f"api/{version}"
        for name, versions in catalog.group_versions().items()
        for version in versions
    ]
    return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}"} for root in roots}}


def openapi_document(
    catalog: Catalog,
    group_name: str,
    version: str,
    schemas: Mapping[Resource, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the OpenAPI document of one API version, as much of it as kubectl reads."""
    found = [r for r in catalog if (r.group, r.version) == (group_name, version)]
    if not found:
        raise no_such_endpoint()
    return {
        "openapi": "3.0.0",
        "info": {"title": "datacube-local", "version": VERSION["gitVersion"]},
        "paths": {_path(resource): _operations(resource) for resource in found},
        "components": {
            "schemas": {
                _schema_name(resource): {
                    "type": "object",
                    **schemas.get(resource, {}),
                    "x-kubernetes-group-version-kind": [_identity(resource)],
                }
                for resource in found
            }
        },
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
        "verbs": ["create"] if resource.is_review else list(_VERBS),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    below = {"singularName": "", "namespaced": resource.namespaced, "kind": resource.kind}
    entries = [entry]
    if resource.has_status:
        name = f"{resource.plural}/status"
        entries.append({"name": name, **below, "verbs": list(_STATUS_VERBS)})
    if resource.key == "/pods":
        entries.append({"name": "pods/log", **below, "verbs": ["get"]})
    return entries


def _identity(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema_name(resource: Resource) -> str:
    return ".".join(reversed((resource.group or "core").split("."))) + (
        f".{resource.version}.{resource.kind}"
    )


def _path(resource: Resource) -> str:
    root = f"/apis/{resource.group}" if resource.group else "/api"
    where = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"{root}/{resource.version}{where}/{resource.plural}/{{name}}"


def _operations(resource: Resource) -> dict[str, Any]:
    """Say that writes check fields: kubectl looks for exactly this before it sends one."""
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    identity = _identity(resource)
    return {
        verb: {
            "parameters": parameters,
            "x-kubernetes-action": verb,
            "x-kubernetes-group-version-kind": identity,
            "responses": {"200": {"description": "OK"}},
        }
        for verb in ("patch", "put", "post")
    }
