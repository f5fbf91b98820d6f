"""
Who may do what, by the manifests: requests as RBAC sees them, and the rules that allow them.

Source: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go and
https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Manifest = Mapping[str, Any]

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Asked(NamedTuple):
    """A request; of all namespaces where it names none."""

    verb: str
    group: str
    resource: str
    """With its subresource: ``pods/log``."""
    namespace: str
    name: str

    @classmethod
    def of(cls, method: str, path: str, query: Mapping[str, str]) -> Asked | None:
        """Read a request; None for what everybody may: versions, discovery, OpenAPI."""
        root, *parts = path.strip("/").split("/")
        if root == "apis" and len(parts) > 2:
            group, _, *parts = parts
        elif root == "api" and len(parts) > 1:
            group, (_, *parts) = "", parts
        else:
            return None
        namespace = ""
        if parts[0] == "namespaces" and len(parts) > 2:
            _, namespace, *parts = parts
        plural, name, *sub = parts if len(parts) > 1 else (*parts, "")
        return cls(_verb(method, name, query), group, "/".join((plural, *sub)), namespace, name)


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method != "GET":
        return _VERBS[method]
    if name:
        return "get"
    return "watch" if query.get("watch", "").lower() in ("1", "t", "true") else "list"


class Right(NamedTuple):
    """One verb on one resource, as a rule gives it; in all namespaces where it names none."""

    verb: str
    group: str
    resource: str
    namespace: str
    only: tuple[str, ...]
    """The names that it is good for; any where it has none."""

    def covers(self, asked: Asked) -> bool:
        """Tell whether it allows a request."""
        return (
            self[:3] == asked[:3]
            and self.namespace in ("", asked.namespace)
            and (not self.only or asked.name in self.only)
        )


@dataclass(frozen=True)
class Account:
    """A service account, with all that its bindings give it."""

    name: str
    rights: frozenset[Right]

    @classmethod
    def of(cls, manifests: Iterable[Manifest], name: str) -> Account:
        """Collect what the manifests give to a service account."""
        known = {_key(manifest): manifest for manifest in manifests}
        rights = {
            right
            for (kind, _, _), binding in known.items()
            if kind.endswith("RoleBinding")
            for subject in binding["subjects"]
            if (subject["kind"], subject["name"]) == ("ServiceAccount", name)
            and ("ServiceAccount", subject["namespace"], name) in known
            for right in _given(binding, known)
        }
        return cls(name, frozenset(rights))

    def right_to(self, asked: Asked) -> Right | None:
        """Return what allows a request; None where nothing does."""
        return next((right for right in self.rights if right.covers(asked)), None)


def _key(manifest: Manifest) -> tuple[str, str, str]:
    meta = manifest["metadata"]
    return manifest["kind"], meta.get("namespace", ""), meta["name"]


def _given(binding: Manifest, known: Mapping[tuple[str, str, str], Manifest]) -> Iterator[Right]:
    role, where = binding["roleRef"], binding["metadata"].get("namespace", "")
    home = where if role["kind"] == "Role" else ""
    for rule in known[role["kind"], home, role["name"]]["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    only = tuple(rule.get("resourceNames", ()))
                    yield Right(verb, group, resource, where, only)
