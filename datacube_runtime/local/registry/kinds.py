"""
The built-in kinds: which defaults a real API server fills in, and what it refuses.

Only what clients of this project can notice: the recorded answers decide. Fields that this server
does not know are kept, not refused; it is no replacement for a real validation of pod specs.

Source: kubernetes/pkg/apis/core/validation/validation.go and pkg/apis/core/v1/defaults.go
"""

from __future__ import annotations

import base64
import binascii
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry import resources, templates
from datacube_runtime.local.registry.definitions import DEFINITION_KIND
from datacube_runtime.local.registry.deletion import CLAIM_IN_USE
from datacube_runtime.local.registry.errors import Cause, bad_request
from datacube_runtime.local.registry.kind import Kind
from datacube_runtime.local.registry.metadata import label_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datacube_runtime.local.registry.options import Write

_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_BAD_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    f"'{_CONFIG_KEY}')"
)
_KEY_MAX = 253
_CLAIM_FROZEN = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)


def _admit_secret(obj: dict[str, Any], _write: Write) -> None:
    """Turn ``stringData`` into ``data``; it is never shown again."""
    data = obj.get("data") or {}
    for value in data.values():
        try:
            base64.b64decode(value or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            # The position is not said truthfully; the value is never repeated.
            raise bad_request(
                'Secret in version "v1" cannot be handled as a Secret: '
                "illegal base64 data at input byte 0"
            ) from None
    for key, value in (obj.pop("stringData", None) or {}).items():
        if not isinstance(value, str):
            raise _not_a_string("Secret", "stringData")
        data[key] = base64.b64encode(value.encode()).decode()
    obj.pop("data", None)
    if data:
        obj["data"] = {key: value or "" for key, value in data.items()}
    obj.setdefault("type", "Opaque")


def _secret_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    found = _key_problems(new)
    if old is not None and new["type"] != old["type"]:
        message = f'Invalid value: "{new["type"]}": field is immutable'
        found.append(Cause("FieldValueInvalid", "type", message))
    return found + _frozen_data_problems(new, old)


def _admit_config_map(obj: dict[str, Any], _write: Write) -> None:
    for value in (obj.get("data") or {}).values():
        if not isinstance(value, str):
            raise _not_a_string("ConfigMap", "data")


def _config_map_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    return _key_problems(new) + _frozen_data_problems(new, old)


def _key_problems(obj: Mapping[str, Any]) -> list[Cause]:
    return [
        Cause("FieldValueInvalid", f"data[{key}]", f'Invalid value: "{key}": {_BAD_KEY}')
        for key in obj.get("data") or {}
        if len(key) > _KEY_MAX or not re.fullmatch(_CONFIG_KEY, key)
    ]


def _frozen_data_problems(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[Cause]:
    """Source: https://kubernetes.io/docs/concepts/configuration/secret/#secret-immutable."""
    if old is None or not old.get("immutable"):
        return []
    message = "Forbidden: field is immutable when `immutable` is set"
    changed = (field for field in ("immutable", "data") if new.get(field) != old.get(field))
    return [Cause("FieldValueForbidden", field, message) for field in changed]


def _start_claim(obj: dict[str, Any]) -> None:
    obj["metadata"].setdefault("finalizers", []).append(CLAIM_IN_USE)
    obj["status"] = {"phase": "Pending"}


def _admit_claim(obj: dict[str, Any], _write: Write) -> None:
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _claim_problems(
    new: dict[str, Any], old: dict[str, Any] | None, _found: Sequence[Cause]
) -> list[Cause]:
    spec, found = new["spec"], []
    if not spec.get("accessModes"):
        message = "Required value: at least 1 access mode is required"
        found.append(Cause("FieldValueRequired", "spec.accessModes", message))
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        found.append(Cause("FieldValueRequired", "spec.resources[storage]", "Required value"))
    if old is not None and _frozen_part(spec, old["spec"]) != _frozen_part(old["spec"], spec):
        found.append(Cause("FieldValueForbidden", "spec", f"Forbidden: {_CLAIM_FROZEN}"))
    return found


def _frozen_part(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may not change; the volume may be named once, when the claim is bound."""
    free = {"resources", "volumeAttributesClassName"}
    if not (spec.get("volumeName") and other.get("volumeName")):
        free.add("volumeName")
    return {field: value for field, value in spec.items() if field not in free}


def _admit_namespace(obj: dict[str, Any], _write: Write) -> None:
    meta = obj["metadata"]
    meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta.get("name", "")


def _start_namespace(obj: dict[str, Any]) -> None:
    obj["spec"] = {"finalizers": ["kubernetes"]}
    obj["status"] = {"phase": "Active"}


def _not_a_string(kind: str, field: str) -> Exception:
    return bad_request(
        f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal into Go '
        f"struct field {kind}.{field} of type string"
    )


BUILT_IN_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        resources.NAMESPACES.key: Kind(
            start=_start_namespace,
            generates=True,
            admit=_admit_namespace,
            name_problems=label_problems,
            permanent=frozenset({"default", "kube-system", "kube-public"}),
        ),
        resources.SECRETS.key: Kind(admit=_admit_secret, problems=_secret_problems),
        resources.CONFIG_MAPS.key: Kind(admit=_admit_config_map, problems=_config_map_problems),
        resources.CLAIMS.key: Kind(
            start=_start_claim,
            generates=True,
            admit=_admit_claim,
            problems=_claim_problems,
            answers_deleted=True,
        ),
        resources.PODS.key: Kind(
            start=templates.start_pod,
            admit=templates.admit_pod,
            problems=templates.pod_problems,
            has_generation=True,
            answers_deleted=True,
        ),
        resources.JOBS.key: Kind(
            start=templates.start_job,
            generates=True,
            admit=templates.admit_job,
            problems=templates.job_problems,
            has_generation=True,
        ),
        resources.DEFINITIONS.key: DEFINITION_KIND,
        resources.EVENTS.key: Kind(),
        resources.LEASES.key: Kind(updates_blindly=False),
    }
)
