"""
Events in the words of ``events.k8s.io/v1``: the same objects as core/v1 events, renamed.

They are stored as core/v1 has them, since kubectl and the runner speak that.

Source: Convert_v1_Event_To_core_Event in kubernetes/pkg/apis/events/v1/conversion.go
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import ApiStatusError, bad_request
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
_CORE_FIELD = re.compile(r"(^|,)(involvedObject\.\w+|reportingComponent|source)(?=[!=])")
_CORE_NAMES = MappingProxyType({new: core for core, new in _NEW_NAMES.items()})


def to_core(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event, or a merge patch of one, as it is stored."""
    said = {_CORE_NAMES.get(name, name): value for name, value in obj.items()}
    if said.get("apiVersion") == NEW_EVENTS.api_version:
        said["apiVersion"] = EVENTS.api_version
    return said


def to_core_fields(selector: str) -> str:
    """
    Return a field selector in the words of core/v1.

    :raises ApiStatusError: (400) it is in those words already.
    """
    if found := _CORE_FIELD.search(selector):
        raise bad_request(f"field label not supported: {found[2]}")
    selector = re.sub(r"(^|,)regarding\.", r"\1involvedObject.", selector)
    return re.sub(r"(^|,)reportingController\b", r"\1reportingComponent", selector)


def spoken(obj: dict[str, Any], version: str) -> dict[str, Any]:
    """Return an object in the words of the version that a client speaks."""
    return to_new(obj) if version == NEW_EVENTS.api_version else obj


def refused_to_new(error: ApiStatusError) -> ApiStatusError:
    """Return a refusal that names an event as one of ``events.k8s.io``."""
    if error.details.get("kind") != EVENTS.plural:
        return error
    message = error.message.replace(f'{EVENTS.qualified} "', f'{NEW_EVENTS.qualified} "', 1)
    details = {**error.details, "group": NEW_EVENTS.group}
    return ApiStatusError(error.code, error.reason, message, details)


def to_new(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored event, a list of them, or what is told of one, in ``events.k8s.io/v1``."""
    if obj.get("kind") == "Status":
        return {**obj, "details": {**obj["details"], "group": NEW_EVENTS.group}}
    said = {_NEW_NAMES.get(name, name): value for name, value in obj.items()}
    if "items" in said:
        said["items"] = [to_new(item) for item in said["items"]]
    if said.get("apiVersion") == EVENTS.api_version:
        said["apiVersion"] = NEW_EVENTS.api_version
    return said
