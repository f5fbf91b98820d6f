"""
Events in the words of ``events.k8s.io/v1``: the same objects as core/v1 events, renamed.

They are stored as core/v1 has them, since kubectl and the runner speak that.

Source: Convert_v1_Event_To_core_Event in kubernetes/pkg/apis/events/v1/conversion.go
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.resources import EVENTS, NEW_EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEW_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "involvedObject": "regarding",
        "message": "note",
        "reportingComponent": "reportingController",
        "source": "deprecatedSource",
        "firstTimestamp": "deprecatedFirstTimestamp",
        "lastTimestamp": "deprecatedLastTimestamp",
        "count": "deprecatedCount",
    }
)
_CORE_NAMES = MappingProxyType({new: core for core, new in _NEW_NAMES.items()})


def to_core(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event, or a merge patch of one, as it is stored."""
    said = {_CORE_NAMES.get(name, name): value for name, value in obj.items()}
    if said.get("apiVersion") == NEW_EVENTS.api_version:
        said["apiVersion"] = EVENTS.api_version
    return said


def to_core_fields(selector: str) -> str:
    """Return a field selector in the words of core/v1."""
    selector = re.sub(r"(^|,)regarding\.", r"\1involvedObject.", selector)
    return re.sub(r"(^|,)reportingController\b", r"\1reportingComponent", selector)


def to_new(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored event, or a list of them, as ``events.k8s.io/v1`` has it."""
    said = {_NEW_NAMES.get(name, name): value for name, value in obj.items()}
    if "items" in said:
        said["items"] = [to_new(item) for item in said["items"]]
    if said.get("apiVersion") == EVENTS.api_version:
        said["apiVersion"] = NEW_EVENTS.api_version
    return said
