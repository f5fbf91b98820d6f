"""
Security contexts, of a pod and of a container: whom they name, and what may not go together.

Nothing of it is enforced here; but what a cluster would refuse is refused.

Source: validatePodSpecSecurityContext and ValidateSecurityContext in
k8s.io/kubernetes/pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.causes import (
    NOT_SHOWN,
    at,
    duplicate,
    each,
    required,
    unknown_choice,
    unsupported,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacube_runtime.local.registry.errors import Cause

_ID_MAX = 2**31 - 1
_BAD_ID = f"must be between 0 and {_ID_MAX}, inclusive"
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_OWNERSHIPS = ("Always", "OnRootMismatch")
_GROUPS = ("Merge", "Strict")
_LABELS = ("MountOption", "Recursive")
_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL, _SYSCTL_MAX = rf"({_SEGMENT}[\./])*{_SEGMENT}", 253
_BAD_SYSCTL = f"must have at most {_SYSCTL_MAX} characters and match regex ^{_SYSCTL}$"
_MOUNTS = ("Default", "Unmasked")
_NO_ESCALATION = "cannot set `allowPrivilegeEscalation` to false and"


def pod_context_problems(path: str, spec: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with the security context of a pod."""
    context = spec.get("securityContext") or {}
    yield from _id_problems(path, context, ("fsGroup", "runAsUser", "runAsGroup"))
    for where, group in each(at(path, "supplementalGroups"), context.get("supplementalGroups")):
        if not 0 <= group <= _ID_MAX:
            yield wrong(where, group, _BAD_ID)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield wrong(at(path, "shareProcessNamespace"), value=True, why=why)
    yield from _sysctl_problems(at(path, "sysctls"), context.get("sysctls"))
    yield from unknown_choice(path, context, "fsGroupChangePolicy", _OWNERSHIPS)
    yield from _profile_problems(path, context)
    yield from unknown_choice(path, context, "supplementalGroupsPolicy", _GROUPS)
    yield from unknown_choice(path, context, "seLinuxChangePolicy", _LABELS)


def context_problems(path: str, context: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what is wrong with the security context of a container."""
    yield from _id_problems(path, context, ("runAsUser", "runAsGroup"))
    yield from unknown_choice(path, context, "procMount", _MOUNTS)
    if context.get("procMount") == "Unmasked":
        why = "`hostUsers` must be false to use `Unmasked`"
        yield wrong(at(path, "procMount"), "Unmasked", why)
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            yield wrong(path, NOT_SHOWN, f"{_NO_ESCALATION} `privileged` to true")
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            yield wrong(path, NOT_SHOWN, f"{_NO_ESCALATION} `capabilities.Add` CAP_SYS_ADMIN")
    yield from _profile_problems(path, context)


def _id_problems(path: str, context: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[Cause]:
    for field in fields:
        if not 0 <= context.get(field, 0) <= _ID_MAX:
            yield wrong(at(path, field), context[field], _BAD_ID)


def _profile_problems(path: str, context: Mapping[str, Any]) -> Iterator[Cause]:
    for field, name in (("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")):
        if field not in context:
            continue
        where, profile = at(path, field), context[field]
        kind, local = profile.get("type", ""), profile.get("localhostProfile")
        if not kind:
            yield required(at(where, "type"), f"type is required when {field} is set")
        elif kind not in _PROFILES:
            yield unsupported(at(where, "type"), kind, _PROFILES)
        elif kind == "Localhost" and not local:
            why = f"must be set when {name} type is Localhost"
            yield required(at(where, "localhostProfile"), why)
        elif kind != "Localhost" and local is not None:
            why = f"can only be set when {name} type is Localhost"
            yield wrong(at(where, "localhostProfile"), NOT_SHOWN, why)


def _sysctl_problems(path: str, sysctls: list[Mapping[str, Any]] | None) -> Iterator[Cause]:
    names: set[str] = set()
    for where, sysctl in each(path, sysctls):
        name = sysctl.get("name", "")
        if not name:
            yield required(at(where, "name"))
        elif len(name) > _SYSCTL_MAX or not re.fullmatch(_SYSCTL, name):
            yield wrong(at(where, "name"), name, _BAD_SYSCTL)
        elif name in names:
            yield duplicate(at(where, "name"), name)
        names.add(name)
