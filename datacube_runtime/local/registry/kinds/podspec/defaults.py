"""
What a real API server fills into the spec of a pod.

Source: SetDefaults_* in k8s.io/kubernetes/pkg/apis/core/v1/defaults.go; the priority is what the
admission plugin Priority gives a pod without a class
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_POD: Mapping[str, Any] = MappingProxyType(
    {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
    }
)
_CONTAINER: Mapping[str, Any] = MappingProxyType(
    {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
)
_PROBE: Mapping[str, Any] = MappingProxyType(
    {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
)
_FILE_MODE = 0o644
_WITH_MODE = ("secret", "configMap", "downwardAPI", "projected")
_TOKEN_LIFE_S = 3600
_LOST_NODE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_EVICTS = "NoExecute"
_LOST_NODE_S = 300


def complete(spec: dict[str, Any]) -> None:
    """Fill in the defaults of the spec of a pod, wherever it stands."""
    _fill(spec, _POD)
    spec.setdefault("securityContext", {})
    for container in containers(spec):
        _complete_container(container)
    for volume in spec.get("volumes") or ():
        _complete_volume(volume)


def _bear_with_nodes(spec: dict[str, Any]) -> None:
    """
    Let a pod stay a while on a node that is lost, where it says nothing of that itself.

    Source: k8s.io/kubernetes/plugin/pkg/admission/defaulttolerationseconds/admission.go
    """
    said = [
        toleration.get("key", "")
        for toleration in spec.get("tolerations") or ()
        if toleration.get("effect", _EVICTS) in ("", _EVICTS)
    ]
    missing = [taint for taint in _LOST_NODE if taint not in said and "" not in said]
    lasting = {"operator": "Exists", "effect": _EVICTS, "tolerationSeconds": _LOST_NODE_S}
    if missing:
        added = [{"key": taint, **lasting} for taint in missing]
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *added]


def complete_pod(spec: dict[str, Any]) -> None:
    """Fill in what only a pod gets, and no template of one."""
    complete(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _bear_with_nodes(spec)
    for container in containers(spec):
        resources = container["resources"]
        if "limits" in resources:
            resources["requests"] = {**resources["limits"], **resources.get("requests", {})}
        for port in (container.get("ports") or ()) if spec.get("hostNetwork") else ():
            port["hostPort"] = port.get("hostPort") or port.get("containerPort", 0)


def containers(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all containers: those that run first, first."""
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _complete_container(container: dict[str, Any]) -> None:
    _fill(container, _CONTAINER)
    container.setdefault("resources", {})
    if not container.get("imagePullPolicy"):
        image = container.get("image", "")
        container["imagePullPolicy"] = "Always" if _is_latest(image) else "IfNotPresent"
    for port in container.get("ports") or ():
        _fill(port, {"protocol": "TCP"})
    for variable in container.get("env") or ():
        _complete_source(variable.get("valueFrom") or {})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _fill(container[name], _PROBE)
            _complete_handler(container[name])
    for handler in (container.get("lifecycle") or {}).values():
        if isinstance(handler, dict):
            _complete_handler(handler)


def _complete_handler(handler: dict[str, Any]) -> None:
    if "httpGet" in handler:
        _fill(handler["httpGet"], {"path": "/", "scheme": "HTTP"})


def _complete_source(source: dict[str, Any]) -> None:
    if "fieldRef" in source:
        _fill(source["fieldRef"], {"apiVersion": "v1"})
    if "resourceFieldRef" in source:
        source["resourceFieldRef"].setdefault("divisor", "0")


def _complete_volume(volume: dict[str, Any]) -> None:
    if not volume.keys() - {"name"}:
        volume["emptyDir"] = {}
    for kind in _WITH_MODE:
        if kind in volume:
            volume[kind].setdefault("defaultMode", _FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    _complete_files(volume.get("downwardAPI"))
    for source in (volume.get("projected") or {}).get("sources") or ():
        _complete_files(source.get("downwardAPI"))
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_LIFE_S)


def _complete_files(source: dict[str, Any] | None) -> None:
    for file in (source or {}).get("items") or ():
        _complete_source(file)


def _is_latest(image: str) -> bool:
    """Tell whether an image is named by the tag ``latest``, which none means too."""
    path, _at, digest = image.partition("@")
    tag = path.rpartition("/")[2].partition(":")[2]
    return tag == "latest" or not (tag or digest)


def _fill(value: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Fill in what is absent or empty, which Go does not tell apart here."""
    for field, default in defaults.items():
        if not value.get(field) and value.get(field) != default:
            value[field] = default
