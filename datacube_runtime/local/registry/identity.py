"""
Whether an object belongs where it was sent: its apiVersion, kind, namespace and name.

Checked before anything else, because every later message speaks of the object by these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacube_runtime.local.registry.errors import ApiStatusError, Cause, bad_request, invalid
from datacube_runtime.local.registry.shapes import check_shape, drop_nulls

if TYPE_CHECKING:
    from datacube_runtime.local.registry.resources import Resource


def check_identity(resource: Resource, namespace: str | None, obj: dict[str, Any]) -> None:
    """
    Make sure that an object fits its endpoint, and write down what it leaves to the endpoint.

    A built-in object may leave out apiVersion and kind (the Python client's models do).

    :raises ApiStatusError: (400, 422) it does not fit.
    """
    if not resource.is_custom:
        drop_nulls(obj)
        obj.setdefault("apiVersion", resource.api_version)
        obj.setdefault("kind", resource.kind)
    _check_kind(resource, obj)
    check_shape(resource, obj)
    meta = obj["metadata"] = obj.get("metadata") or {}
    if resource.namespaced:
        if meta.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
    elif meta.get("namespace"):
        raise bad_request("namespace should not be set on objects without one")


def other_name(said: str, name: str) -> ApiStatusError:
    """Return the error for an object under another name than the endpoint's."""
    return bad_request(
        f"the name of the object ({said}) does not match the name on the URL ({name})"
    )


def _check_kind(resource: Resource, obj: dict[str, Any]) -> None:
    for field, name in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not isinstance(obj.get(field), str) or not obj[field]:
            raise bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): "
                f"Object '{name}' is missing"
            )
    if obj["apiVersion"] != resource.api_version:
        raise bad_request(
            f"the API version in the data ({obj['apiVersion']}) does not match the expected API "
            f"version ({resource.api_version})"
        )
    if obj["kind"] == resource.kind:
        return
    if not resource.is_custom:
        raise bad_request(
            f'{obj["kind"]} in version "{resource.version}" cannot be handled as a {resource.kind}'
        )
    meta = obj.get("metadata")
    name = meta.get("name", "") if isinstance(meta, dict) else ""
    message = f'Invalid value: "{obj["kind"]}": must be {resource.kind}'
    cause = Cause("FieldValueInvalid", "kind", message)
    raise invalid(obj["kind"], resource.group, name, [cause])
