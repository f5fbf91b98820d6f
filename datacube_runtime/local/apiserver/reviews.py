"""
May I, and who am I: ``kubectl auth can-i`` and ``kubectl auth whoami``.

There is no authorization, so every well-formed question is answered with yes. A malformed one is
refused as a real API server refuses it: whoever asks wrongly should hear it here already.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import Cause, bad_request, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.registry.resources import Resource

_USER = {
    "username": "datacube-local",
    "groups": ["system:masters", "system:authenticated"],
}
_ALL = "*"


def reviewed(resource: Resource, asked: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a question with its answer.

    :raises ApiStatusError: (400, 422) the question makes no sense.
    """
    spec = asked.get("spec") or {}
    if not isinstance(spec, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind})")
    status: dict[str, Any]
    if resource.kind == "SelfSubjectAccessReview":
        _check_attributes(resource, spec)
        status = {"allowed": True}
    elif resource.kind == "SelfSubjectRulesReview":
        status = _rules(spec)
    else:
        status = {"userInfo": _USER}
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {},
        **({"spec": spec} if spec else {}),
        "status": status,
    }


def _check_attributes(resource: Resource, spec: Mapping[str, Any]) -> None:
    said = [spec[f] for f in ("resourceAttributes", "nonResourceAttributes") if spec.get(f)]
    if len(said) != 1:
        message = (
            "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be "
            "specified"
        )
        cause = Cause("FieldValueInvalid", "spec.resourceAttributes", message)
        raise invalid(resource.kind, resource.group, "", [cause])


def _rules(spec: Mapping[str, Any]) -> dict[str, Any]:
    if not spec.get("namespace"):
        raise bad_request("no namespace on request")
    return {
        "resourceRules": [{"verbs": [_ALL], "apiGroups": [_ALL], "resources": [_ALL]}],
        "nonResourceRules": [{"verbs": [_ALL], "nonResourceURLs": [_ALL]}],
        "incomplete": False,
    }
