"""
What Kubernetes has and the embedded cluster has not: told apart from what exists nowhere.

Whoever asks for a Deployment or for ``exec`` here did nothing wrong; "the server could not find
the requested resource" alone would send them looking for a mistake.

Source: https://kubernetes.io/docs/reference/kubernetes-api/
"""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING

from datacube_runtime.local.registry.errors import ApiStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUBRESOURCES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "/namespaces": frozenset({"finalize"}),
        "/nodes": frozenset({"proxy"}),
        "/pods": frozenset(
            {
                "attach", "ephemeralcontainers", "eviction", "exec", "portforward",
                "proxy", "resize",
            }
        ),
    }
)  # fmt: skip
_PLURALS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "": frozenset(
            {
                "bindings", "componentstatuses", "endpoints", "limitranges",
                "persistentvolumes", "podtemplates", "replicationcontrollers", "resourcequotas",
                "serviceaccounts", "services",
            }
        ),
        "batch": frozenset({"cronjobs"}),
        "authentication.k8s.io": frozenset({"tokenreviews"}),
        "authorization.k8s.io": frozenset({"localsubjectaccessreviews", "subjectaccessreviews"}),
    }
)  # fmt: skip
_GROUPS = frozenset(
    {
        "admissionregistration.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling",
        "certificates.k8s.io", "discovery.k8s.io", "flowcontrol.apiserver.k8s.io",
        "metrics.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
        "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    }
)  # fmt: skip


def absent(group: str, plural: str, subresource: str = "") -> ApiStatusError | None:
    """
    Return the refusal for what is left out on purpose; None where Kubernetes has no such thing.

    501 for what an object lacks, 404 for a kind: clients take the second for "not installed".
    """
    if subresource:
        if subresource not in _SUBRESOURCES.get(f"{group}/{plural}", ()):
            return None
        return ApiStatusError(
            HTTPStatus.NOT_IMPLEMENTED,
            "NotImplemented",
            f"the embedded cluster has no {plural}/{subresource}: see its documentation for where "
            "it stops short of Kubernetes",
        )
    if group not in _GROUPS and plural not in _PLURALS.get(group, ()):
        return None
    name = f"{plural}.{group}" if group else plural
    return ApiStatusError(
        HTTPStatus.NOT_FOUND,
        "NotFound",
        f"the server could not find the requested resource: the embedded cluster has no {name}",
    )
