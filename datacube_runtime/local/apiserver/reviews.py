"""
May I, and who am I: ``kubectl auth can-i`` and ``kubectl auth whoami``.

There is no authorization, so every well-formed question is answered with yes. A malformed one is
refused as a real API server refuses it: whoever asks wrongly should hear it here already.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause, bad_request, invalid
from datacube_runtime.local.registry.wire.identity import check_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.options import Write
    from datacube_runtime.local.registry.resources import Resource

_USER = {
    "username": "datacube-local",
    "groups": ["system:masters", "system:authenticated"],
}
_ALL = "*"


def reviewed(resource: Resource, asked: dict[str, Any], write: Write) -> dict[str, Any]:
    """
    Return a question with its answer; what nobody knows of it is told to ``write``.

    :raises ApiStatusError: (400, 422) the question makes no sense.
    """
    check_identity(resource, None, asked, write)
    spec = asked.get("spec", {})
    status: dict[str, Any]
    if resource.kind == "SelfSubjectAccessReview":
        _check_access(resource, asked, spec)
        status = {"allowed": True}
    elif resource.kind == "SelfSubjectRulesReview":
        status, spec = _rules(spec), {}
    else:
        status = {"userInfo": _USER}
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {},
        **({} if "userInfo" in status else {"spec": spec}),
        "status": status,
    }


def _check_access(resource: Resource, asked: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """
    Refuse a question that is about nothing, about two things, or has a name.

    Source: ValidateSelfSubjectAccessReview in
    k8s.io/kubernetes/pkg/apis/authorization/validation/validation.go; the kind is left out of the
    refusal as a real server leaves it out
    """
    of_resource, of_path = _about(spec)
    problems = []
    if of_resource is not None and of_path is not None:
        why = "cannot be specified in combination with resourceAttributes"
        problems.append(_invalid("spec.nonResourceAttributes", _in_go(of_path), why))
    if of_resource is None and of_path is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        problems.append(_invalid("spec.resourceAttributes", "null", why))
    if meta := {key: value for key, value in (asked.get("metadata") or {}).items() if value}:
        problems.append(_invalid("metadata", json.dumps(meta), "must be empty"))
    if problems:
        raise invalid("", resource.group, "", problems)


def _about(spec: Mapping[str, Any]) -> tuple[Any, Any]:
    return spec.get("resourceAttributes"), spec.get("nonResourceAttributes")


def _invalid(field: str, value: str, why: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {value}: {why}")


def _in_go(of_path: Mapping[str, Any]) -> str:
    shown = {name: of_path.get(name.lower(), "") for name in ("Path", "Verb")}
    return json.dumps(shown, separators=(",", ":"))


def _rules(spec: Mapping[str, Any]) -> dict[str, Any]:
    if not spec.get("namespace"):
        raise bad_request("no namespace on request")
    return {
        "resourceRules": [{"verbs": [_ALL], "apiGroups": [_ALL], "resources": [_ALL]}],
        "nonResourceRules": [{"verbs": [_ALL], "nonResourceURLs": [_ALL]}],
        "incomplete": False,
    }
