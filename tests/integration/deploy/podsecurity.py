"""
What the restricted profile of Pod Security finds wrong with a pod.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, of which
those controls are left out that a pod breaks only by asking for something that ours never name
(host ports, AppArmor, SELinux, sysctls, /proc); asking for it fails the last check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip
_HOST = ("hostNetwork", "hostPID", "hostIPC", "hostUsers")
_UNCHECKED = ("appArmorProfile", "seLinuxOptions", "sysctls", "procMount", "windowsOptions")


def problems(pod: Mapping[str, Any]) -> list[str]:
    """Return what is wrong, as paths in the pod's spec."""
    return [
        *_of_pod(pod),
        *(f"{c['name']}: {why}" for c in _containers(pod) for why in _of(c, pod)),
    ]


def _containers(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod.get(kind, ())


def _of_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    yield from (field for field in _HOST if field in pod)
    for volume in pod.get("volumes", ()):
        if not set(volume) - {"name"} <= _VOLUMES:
            yield f"volumes: {volume['name']}"


def _of(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    own, shared = container.get("securityContext", {}), pod.get("securityContext", {})
    both = {**shared, **own}
    capabilities = own.get("capabilities", {})
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if "ALL" not in capabilities.get("drop", ()) or capabilities.get("add"):
        yield "capabilities"
    if both.get("runAsNonRoot") is not True:
        yield "runAsNonRoot"
    if both.get("runAsUser") == 0:
        yield "runAsUser"
    if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile"
    if any("hostPort" in port for port in container.get("ports", ())):
        yield "ports"
    yield from (field for field in _UNCHECKED if field in both)
