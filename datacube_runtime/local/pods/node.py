"""
The one node as the API has it: this machine, described as its kubelet would.

What there is no limit of here (pods, huge pages) is left out rather than made up. Identifiers that
only root may read are empty.

Source: the setters in k8s.io/kubernetes/pkg/kubelet/nodestatus/setters.go; how often it is told
anew is ``nodeStatusReportFrequency`` of the kubelet's configuration.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacube_api.conditions import timestamp
from datacube_runtime.local.cluster import NODES
from datacube_runtime.local.pods.machine import capacity
from datacube_runtime.local.pods.placement import this_node
from datacube_runtime.local.version import KUBERNETES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from datacube_runtime.local.cluster import Manifest, Objects

REPORT_S = 300.0
"""How long what is told of the node stays as it is."""

_ADDRESS = "127.0.0.1"
_KIB = 1024
_IDENTITIES = {
    "bootID": Path("/proc/sys/kernel/random/boot_id"),
    "machineID": Path("/etc/machine-id"),
    "systemUUID": Path("/sys/class/dmi/id/product_uuid"),
}
_CONDITIONS = (
    ("MemoryPressure", "False", "HasSufficientMemory", "has sufficient memory available"),
    ("DiskPressure", "False", "HasNoDiskPressure", "has no disk pressure"),
    ("PIDPressure", "False", "HasSufficientPID", "has sufficient PID available"),
    ("Ready", "True", "Ready", "is posting ready status"),
)


def report(objects: Objects, data_dir: Path, now: datetime) -> None:
    """Write the node into the cluster, or its status anew."""
    node = this_node()
    known = objects.find(NODES, None, node.name)
    if known is None:
        known = objects.create(NODES, None, _described(node.name, node.labels))
    objects.write_status(NODES, known, _status(known, facts(data_dir), timestamp(now)))


def facts(data_dir: Path) -> Manifest:
    """Return what the machine is, and what it has."""
    node, disk = this_node(), os.statvfs(data_dir)
    processors_and_memory = capacity()
    has = {
        "cpu": processors_and_memory["cpu"],
        "ephemeral-storage": f"{disk.f_frsize * disk.f_blocks // _KIB}Ki",
        "memory": f"{int(processors_and_memory['memory']) // _KIB}Ki",
    }
    addresses = (("InternalIP", _ADDRESS), ("Hostname", node.name))
    return {
        "addresses": [{"type": kind, "address": address} for kind, address in addresses],
        "allocatable": has,
        "capacity": has,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        "nodeInfo": {
            **{name: _read(path) for name, path in _IDENTITIES.items()},
            "architecture": node.labels["kubernetes.io/arch"],
            "containerRuntimeVersion": f"processes://{KUBERNETES.removeprefix('v')}",
            "kernelVersion": platform.release(),
            "kubeProxyVersion": "",
            "kubeletVersion": KUBERNETES,
            "operatingSystem": node.labels["kubernetes.io/os"],
            "osImage": _system(),
        },
    }


def _described(name: str, labels: Mapping[str, str]) -> Manifest:
    return {"metadata": {"name": name, "labels": dict(labels)}, "spec": {}}


def _status(known: Mapping[str, Any], machine: Manifest, now: str) -> Manifest:
    """Return the status; a condition that is as it was keeps the time since when."""
    before = (known.get("status") or {}).get("conditions") or ()
    since = {(c["type"], c["status"]): c["lastTransitionTime"] for c in before}
    conditions = [
        {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": now,
            "lastTransitionTime": since.get((kind, status), now),
            "reason": f"Kubelet{reason}",
            "message": f"kubelet {message}",
        }
        for kind, status, reason, message in _CONDITIONS
    ]
    return {**machine, "conditions": conditions}


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
