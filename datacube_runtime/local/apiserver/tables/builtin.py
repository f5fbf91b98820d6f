"""
The columns of the built-in kinds.

Source: AddHandlers in k8s.io/kubernetes/pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.tables import events, jobs, nodes, pods
from datacube_runtime.local.apiserver.tables.cells import age_of, at, column
from datacube_runtime.local.registry import resources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from datacube_runtime.local.apiserver.tables.cells import Cell, Column, Object

_SHORT_MODES: Mapping[str, str] = MappingProxyType(
    {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
)
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


def _count(*bags: str) -> Cell:
    return lambda obj, _now: sum(len(obj.get(bag) or ()) for bag in bags)


def _claim_state(claim: Object, _now: datetime) -> str:
    if "deletionTimestamp" in claim["metadata"]:
        return "Terminating"
    return str((claim.get("status") or {}).get("phase", ""))


def _capacity(claim: Object, _now: datetime) -> str:
    if not claim["spec"].get("volumeName"):
        return ""
    return str(((claim.get("status") or {}).get("capacity") or {}).get("storage", "0"))


def _modes(claim: Object, _now: datetime) -> str:
    if not claim["spec"].get("volumeName"):
        return ""
    said = (claim.get("status") or {}).get("accessModes") or ()
    return ",".join(short for mode, short in _SHORT_MODES.items() if mode in said)


def _class(claim: Object, _now: datetime) -> str:
    notes = claim["metadata"].get("annotations") or {}
    return str(notes.get(_BETA_CLASS, claim["spec"].get("storageClassName") or ""))


_RUNTIME = ".status.nodeInfo.containerRuntimeVersion"
_NAME = column("Name", at(".metadata.name"))
_AGE = column("Age", age_of)
_CREATED = column("Created At", at(".metadata.creationTimestamp"), kind="date")

OTHER_COLUMNS: Sequence[Column] = (_NAME, _CREATED)
"""The columns of a kind that has none of its own."""

BUILT_IN_COLUMNS: Mapping[str, Sequence[Column]] = MappingProxyType(
    {
        resources.NAMESPACES.key: (_NAME, column("Status", at(".status.phase")), _AGE),
        resources.PODS.key: (
            _NAME,
            column("Ready", pods.ready),
            column("Status", pods.state),
            column("Restarts", pods.restarts),
            _AGE,
            column("IP", pods.address, is_wide=True),
            column("Node", at(".spec.nodeName", "<none>"), is_wide=True),
            column("Nominated Node", at(".status.nominatedNodeName", "<none>"), is_wide=True),
            column("Readiness Gates", pods.gates, is_wide=True),
        ),
        resources.CLAIMS.key: (
            _NAME,
            column("Status", _claim_state),
            column("Volume", at(".spec.volumeName")),
            column("Capacity", _capacity),
            column("Access Modes", _modes),
            column("StorageClass", _class),
            column("VolumeAttributesClass", at(".spec.volumeAttributesClassName", "<unset>")),
            _AGE,
            column("VolumeMode", at(".spec.volumeMode", "<unset>"), is_wide=True),
        ),
        resources.SECRETS.key: (
            _NAME,
            column("Type", at(".type")),
            column("Data", _count("data")),
            _AGE,
        ),
        resources.CONFIG_MAPS.key: (_NAME, column("Data", _count("data", "binaryData")), _AGE),
        resources.EVENTS.key: (
            column("Last Seen", events.last_seen),
            column("Type", at(".type")),
            column("Reason", at(".reason")),
            column("Object", events.about),
            column("Subobject", at(".involvedObject.fieldPath"), is_wide=True),
            column("Source", events.source, is_wide=True),
            column("Message", events.message),
            column("First Seen", events.first_seen, is_wide=True),
            column("Count", events.count, is_wide=True),
            column("Name", at(".metadata.name"), is_wide=True),
        ),
        resources.JOBS.key: (
            _NAME,
            column("Status", jobs.state),
            column("Completions", jobs.completions),
            column("Duration", jobs.duration),
            _AGE,
            column("Containers", jobs.containers("name"), is_wide=True),
            column("Images", jobs.containers("image"), is_wide=True),
            column("Selector", jobs.selector, is_wide=True),
        ),
        resources.NODES.key: (
            _NAME,
            column("Status", nodes.state),
            column("Roles", nodes.roles),
            _AGE,
            column("Version", at(".status.nodeInfo.kubeletVersion")),
            column("Internal-IP", nodes.address("InternalIP"), is_wide=True),
            column("External-IP", nodes.address("ExternalIP"), is_wide=True),
            column("OS-Image", at(".status.nodeInfo.osImage", "<unknown>"), is_wide=True),
            column(
                "Kernel-Version", at(".status.nodeInfo.kernelVersion", "<unknown>"), is_wide=True
            ),
            column("Container-Runtime", at(_RUNTIME, "<unknown>"), is_wide=True),
        ),
        resources.LEASES.key: (_NAME, column("Holder", at(".spec.holderIdentity")), _AGE),
    }
)
