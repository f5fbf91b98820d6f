"""
What a container may be told of its own pod: fields and resources, as variables or as files.

Pure; how much the machine has is given. A container without a limit is told the machine's, as the
kubelet does. Fields that only a file may show, whole labels and annotations, are lines of
``key="value"``, sorted.

Source: kubernetes/pkg/kubelet/kubelet_pods.go (podFieldSelectorRuntimeValue),
kubernetes/pkg/fieldpath/fieldpath.go and kubernetes/pkg/api/v1/resource/helpers.go
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.registry.wire.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

_IP = "127.0.0.1"
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_RESOURCE = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage)")
_MILLI = 1000


@dataclass(frozen=True)
class Downward:
    """One container's view of its pod; ``machine`` has the quantities of the only node."""

    pod: Mapping[str, Any]
    container: Mapping[str, Any]
    machine: Mapping[str, str]

    def variable(self, path: str) -> str:
        """
        Return a field of the pod as a variable shows it.

        :raises ContainerConfigError: variables do not show it.
        """
        spec = self.pod["spec"]
        fields = {
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "status.hostIP": _IP,
            "status.hostIPs": _IP,
            "status.podIP": _IP,
            "status.podIPs": _IP,
        }
        return str(fields[path]) if path in fields else self._metadata(path)

    def file(self, item: Mapping[str, Any]) -> str:
        """
        Return what a file of a downwardAPI volume holds.

        :raises ContainerConfigError: there is no such field or resource.
        """
        if (reference := item.get("resourceFieldRef")) is not None:
            return self.resource(reference)
        path = (item.get("fieldRef") or {}).get("fieldPath", "")
        if path in ("metadata.labels", "metadata.annotations"):
            found = self.pod["metadata"].get(path.partition(".")[2]) or {}
            quoted = (
                f"{key}={json.dumps(found[key], ensure_ascii=False)}" for key in sorted(found)
            )
            return "\n".join(quoted)
        return self._metadata(path)

    def resource(self, reference: Mapping[str, Any]) -> str:
        """
        Return a limit or request in whole units of the divisor, rounded up.

        :raises ContainerConfigError: there is no such container or resource.
        """
        found = _RESOURCE.fullmatch(reference["resource"])
        if found is None:
            raise ContainerConfigError(f"unsupported container resource : {reference['resource']}")
        kind, name = found.groups()
        given = self._amount(self._named(reference.get("containerName")), kind, name)
        divisor = amount(reference.get("divisor") or "0") or amount("1")
        # Kubernetes counts CPU in whole thousandths and everything else in whole units.
        scale = _MILLI if name == "cpu" else 1
        return str(ceil(ceil(given * scale) / ceil(divisor * scale)))

    def _amount(self, container: Mapping[str, Any], kind: str, name: str) -> Fraction:
        given = amount(((container.get("resources") or {}).get(kind) or {}).get(name, "0"))
        return amount(self.machine.get(name, "0")) if kind == "limits" and not given else given

    def _named(self, name: str | None) -> Mapping[str, Any]:
        if not name:
            return self.container
        for container in self.pod["spec"]["containers"]:
            if container["name"] == name:
                return dict(container)
        raise ContainerConfigError(f"container {name} not found")

    def _metadata(self, path: str) -> str:
        meta = self.pod["metadata"]
        if subscript := _SUBSCRIPT.fullmatch(path):
            return str((meta.get(subscript[1]) or {}).get(subscript[2], ""))
        if path not in ("metadata.name", "metadata.namespace", "metadata.uid"):
            raise ContainerConfigError(f"unsupported fieldPath: {path}")
        return str(meta[path.partition(".")[2]])
